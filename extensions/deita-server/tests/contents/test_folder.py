"""The folder `files`: what is seen, opened, saved, renamed and deleted there is in the workspace's store."""

from __future__ import annotations

import base64
import hashlib

import pytest

from .conftest import Lab, StartLab, message


def test_the_top_folder_shows_the_files_beside_the_notebooks(lab: Lab) -> None:
    (lab.notebooks / "notes.md").write_text("# notes")
    top = lab.model("")["content"]
    (files,) = (entry for entry in top if entry["name"] == "files")
    assert (files["type"], files["path"], files["writable"]) == ("directory", "files", True)
    assert "notes.md" in [entry["name"] for entry in top]


def test_looking_at_the_top_folder_opens_no_database(start_lab: StartLab) -> None:
    lab = start_lab()
    assert "files" in lab.names("")
    assert not (lab.server.storage / "workspace.sqlite").exists()


def test_an_uploaded_file_is_the_one_that_put_would_have_made(lab: Lab) -> None:
    content = "größe,n\n1,2\n".encode()
    answer = lab.upload("files/whole.csv", content)
    assert answer.status_code == 201, answer.text
    model = answer.json()
    assert (model["name"], model["path"], model["size"]) == ("whole.csv", "files/whole.csv", len(content))
    stored = lab.stored("whole.csv")
    assert stored["sha256"] == hashlib.sha256(content).hexdigest()
    assert (stored["version"], stored["media_type"], stored["created_by"]) == (1, "text/csv", "me")
    assert lab.server.put("whole.csv", content).status_code == 200
    assert lab.server.import_file("whole.csv", table="whole")["rows"] == 1


def test_a_file_that_came_by_put_is_listed_and_opened(lab: Lab) -> None:
    lab.server.put("by-put.csv", b"a,b\n1,2\n")
    (entry,) = (entry for entry in lab.model("files")["content"] if entry["name"] == "by-put.csv")
    stored = lab.stored("by-put.csv")
    assert (entry["size"], entry["type"], entry["content"]) == (8, "file", None)
    assert entry["last_modified"].rstrip("Z")[:19] == stored["created_at"][:19]
    opened = lab.model("files/by-put.csv", type="file", format="text", hash=1)
    assert (opened["content"], opened["format"], opened["mimetype"]) == ("a,b\n1,2\n", "text", "text/csv")
    assert (opened["hash"], opened["hash_algorithm"]) == (stored["sha256"], "sha256")


def test_bytes_that_are_no_text_open_as_base64_and_say_so_where_text_is_wanted(lab: Lab) -> None:
    content = b"caf\xe9,1\n"
    lab.server.put("latin.csv", content)
    opened = lab.model("files/latin.csv")
    assert (base64.b64decode(opened["content"]), opened["format"]) == (content, "base64")
    status, said = message(lab.ask("GET", "files/latin.csv", format="text"))
    assert status == 400
    assert "latin.csv is not UTF-8 encoded text. Import it" in said


def test_a_file_too_large_to_open_says_what_to_do_instead(start_lab: StartLab) -> None:
    lab = start_lab("max_opened_bytes=10")
    lab.server.put("large.csv", b"a,b\n1,2\n3,4\n")
    status, said = message(lab.ask("GET", "files/large.csv"))
    assert status == 413
    assert "large.csv is too large to be opened here" in said and "download it" in said
    assert lab.model("files/large.csv", content=0)["size"] == 12


def test_overwriting_makes_the_next_version_and_keeps_the_old_one(lab: Lab) -> None:
    lab.upload("files/again.csv", b"a\n1\n")
    assert lab.upload("files/again.csv", b"a\n2\n").status_code == 200
    assert lab.stored("again.csv")["version"] == 2
    assert lab.server.api.get("/files/again.csv", params={"version": 1}).content == b"a\n1\n"


def test_the_same_bytes_again_are_no_new_version(lab: Lab) -> None:
    for _ in range(2):
        lab.upload("files/same.csv", b"a\n1\n")
    assert lab.stored("same.csv")["version"] == 1


def test_saving_from_the_editor_is_a_version_and_needs_no_checkpoint_on_disk(lab: Lab) -> None:
    lab.upload("files/edited.txt", b"one")
    assert lab.ask("GET", "files/edited.txt/checkpoints").json() == []
    assert lab.ask("POST", "files/edited.txt/checkpoints").status_code == 201
    body = {"type": "file", "format": "text", "content": "zwölf\r\n"}
    assert lab.ask("PUT", "files/edited.txt", body).status_code == 200
    assert lab.server.api.get("/files/edited.txt").content == "zwölf\r\n".encode()
    assert lab.stored("edited.txt")["version"] == 2
    assert lab.ask("POST", f"files/edited.txt/checkpoints/{'0' * 64}").status_code == 400
    assert not (lab.notebooks / "files").exists()


def test_an_empty_file_can_be_made_and_gets_a_name_that_is_free(lab: Lab) -> None:
    first = lab.ask("POST", "files", {"type": "file", "ext": ".txt"}).json()
    second = lab.ask("POST", "files", {"type": "file", "ext": ".txt"}).json()
    assert (first["name"], second["name"]) == ("untitled.txt", "untitled1.txt")
    assert lab.stored("untitled1.txt")["size"] == 0


def test_a_file_is_renamed_with_its_versions(lab: Lab) -> None:
    lab.upload("files/before.csv", b"a\n1\n")
    lab.upload("files/before.csv", b"a\n2\n")
    renamed = lab.ask("PATCH", "files/before.csv", {"path": "files/after.csv"})
    assert (renamed.status_code, renamed.json()["path"]) == (200, "files/after.csv")
    assert lab.stored("after.csv")["version"] == 2
    assert lab.ask("GET", "files/before.csv").status_code == 404


def test_a_name_that_is_taken_is_refused_when_renaming(lab: Lab) -> None:
    lab.upload("files/mine.csv", b"a\n1\n")
    lab.upload("files/yours.csv", b"a\n2\n")
    status, said = message(lab.ask("PATCH", "files/mine.csv", {"path": "files/yours.csv"}))
    assert (status, "already a file yours.csv" in said) == (409, True)


def test_a_deleted_file_is_gone_here_and_there(lab: Lab) -> None:
    lab.upload("files/gone.csv", b"a\n1\n")
    assert lab.ask("DELETE", "files/gone.csv").status_code == 204
    assert lab.server.api.get("/files/gone.csv").status_code == 404
    assert "gone.csv" not in lab.names("files")


def test_files_are_copied_between_disk_and_workspace_and_within_it(lab: Lab) -> None:
    (lab.notebooks / "local.csv").write_bytes(b"a\n1\n")
    assert lab.ask("POST", "files", {"copy_from": "local.csv"}).json()["path"] == "files/local.csv"
    assert lab.ask("POST", "files", {"copy_from": "files/local.csv"}).json()["path"] == "files/local-Copy1.csv"
    assert lab.ask("POST", "", {"copy_from": "files/local-Copy1.csv"}).status_code == 201
    assert (lab.notebooks / "local-Copy1.csv").read_bytes() == b"a\n1\n"


def test_more_files_than_may_be_listed_are_not(start_lab: StartLab) -> None:
    lab = start_lab("max_listed=2")
    for name in ("c.csv", "a.csv", "b.csv"):
        lab.server.put(name, name.encode())
    assert lab.names("files") == ["a.csv", "b.csv"]
    assert lab.model("files/c.csv", content=0)["size"] == 5


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("aux.csv", "some systems reserve it"),
        (".hidden", "it begins with a dot"),
        ("a%20folder/x.csv", "names are flat here"),
        ("x" * 201, "longer than 200 bytes"),
        ("right%E2%80%AEleft.csv", "invisible characters"),
    ],
)
def test_names_follow_the_rules_of_the_store(lab: Lab, name: str, reason: str) -> None:
    status, said = message(lab.upload(f"files/{name}", b"x"))
    assert status == 400
    assert "cannot have this name" in said and reason in said
    assert lab.ask("GET", f"files/{name}").status_code in (400, 404)


def test_a_name_with_a_percent_sign_is_shown_as_it_is(lab: Lab) -> None:
    lab.upload("files/50%25.csv", b"a\n1\n")
    status, said = message(lab.ask("PATCH", "files/50%25.csv", {"path": "files/50%.ipynb"}))
    assert status == 400 and "data files" in said
    assert "There is already a file 50%.csv" in message(lab.upload("files/50%25.CSV", b"x"))[1]


def test_names_that_differ_in_capitals_only_are_refused(lab: Lab) -> None:
    lab.upload("files/Sales.csv", b"a\n1\n")
    status, said = message(lab.upload("files/SALES.csv", b"a\n1\n"))
    assert status == 409
    assert "only capitals tell the names apart" in said


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("files/nb.ipynb", {"type": "notebook", "format": "json", "content": {"cells": []}}),
        ("files/nb.ipynb", {"type": "file", "format": "text", "content": "{}"}),
        ("files/sub", {"type": "directory"}),
    ],
)
def test_notebooks_and_folders_do_not_go_among_the_files(lab: Lab, path: str, body: dict[str, object]) -> None:
    status, said = message(lab.ask("PUT", path, body))
    assert status == 400
    assert said == (
        "This folder is for the workspace's data files. Notebooks and folders belong beside it, one level up."
    )


def test_the_folder_itself_stays_and_keeps_its_name(lab: Lab) -> None:
    lab.ask("PUT", "elsewhere", {"type": "directory"})
    assert lab.ask("DELETE", "files").status_code == 400
    assert lab.ask("PATCH", "files", {"path": "data"}).status_code == 400
    assert lab.ask("PATCH", "elsewhere", {"path": "files"}).status_code == 400
    assert lab.ask("POST", "elsewhere", {"copy_from": "files"}).status_code == 400
    assert lab.ask("POST", "files", {"copy_from": "elsewhere"}).status_code == 400
    assert lab.ask("PUT", "files", {"type": "directory"}).status_code in (200, 201)
    assert lab.upload("files", b"x").status_code == 409
    assert lab.ask("GET", "files", type="file").status_code == 400


def test_nothing_moves_between_disk_and_workspace(lab: Lab) -> None:
    lab.upload("files/stays.csv", b"a\n1\n")
    (lab.notebooks / "outside.csv").write_bytes(b"a\n1\n")
    for old, new in (("files/stays.csv", "stays.csv"), ("outside.csv", "files/outside.csv")):
        status, said = message(lab.ask("PATCH", old, {"path": new}))
        assert (status, "copy, then delete" in said) == (400, True)
    assert lab.stored("stays.csv") and (lab.notebooks / "outside.csv").exists()


def test_content_that_is_not_what_it_says_is_refused(lab: Lab) -> None:
    for body in ({"format": "base64", "content": "é"}, {"format": "json", "content": {}}, {"content": "x"}):
        assert lab.ask("PUT", "files/wrong.csv", {"type": "file", **body}).status_code == 400
    assert lab.server.api.get("/files/wrong.csv").status_code == 404


def test_who_may_only_look_changes_nothing(start_lab: StartLab, lab: Lab) -> None:
    assert lab.server.api.get("/files").status_code == 200  # opens the workspace's database, which a viewer cannot make
    lab = start_lab(storage=lab.server.storage, person="vi", role="viewer")
    assert not next(entry for entry in lab.model("")["content"] if entry["name"] == "files")["writable"]
    assert message(lab.upload("files/x.csv", b"x")) == (403, "A viewer may not do this.")
    assert lab.ask("DELETE", "files/x.csv").status_code == 403


def test_a_download_is_sent_by_the_data_plane_with_ranges(lab: Lab) -> None:
    lab.upload("files/for%20download.csv", b"a,b\n1,2\n")
    answer = lab.server.api.get(
        f"{lab.base}files/files/for%20download.csv", params={"download": 1}, follow_redirects=True
    )
    assert (answer.status_code, answer.content) == (200, b"a,b\n1,2\n")
    assert "for%20download.csv" in answer.headers["Content-Disposition"]
    part = lab.server.api.get(
        f"{lab.base}files/files/for%20download.csv", headers={"Range": "bytes=4-6"}, follow_redirects=True
    )
    assert (part.status_code, part.content) == (206, b"1,2")
    assert lab.server.api.head(f"{lab.base}files/files/for%20download.csv").status_code == 302
    (lab.notebooks / "on-disk.txt").write_text("as ever")
    assert lab.server.api.get(f"{lab.base}files/on-disk.txt").text == "as ever"
