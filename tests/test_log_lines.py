"""How lines of logs look and what a trace is, on both sides of Deita: they share no code and one behaviour."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from types import ModuleType

import deita_engine.log_lines
import deita_engine.tracing
import deita_hub.log_lines
import deita_hub.tracing
import pytest
from deita_hub import settings
from deita_hub.supervisor import programs

SIDES = pytest.mark.parametrize(
    ("lines", "tracing"),
    [(deita_engine.log_lines, deita_engine.tracing), (deita_hub.log_lines, deita_hub.tracing)],
    ids=["workspace", "hub"],
)
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def line(formatter: logging.Formatter, message: str, *args: object, error: BaseException | None = None) -> str:
    info = (type(error), error, error.__traceback__) if error else None
    return formatter.format(logging.LogRecord("deita", logging.WARNING, __file__, 1, message, args, info))


@SIDES
def test_a_line_says_when_what_and_for_which_request(lines: ModuleType, tracing: ModuleType) -> None:
    tracing.begin(tracing.trace_of({"X-Request-Id": "job-1", "traceparent": TRACEPARENT}))
    try:
        said = json.loads(line(lines.JsonLines("%(message)s", None), "%s of\n%s", 1, "two"))
        assert said.pop("time").endswith("+00:00")
        assert said.pop("traceparent").split("-")[1] == TRACEPARENT.split("-")[1]
        assert said == {"level": "warning", "logger": "deita", "message": "1 of\ntwo", "request_id": "job-1"}
        assert line(lines.TextLines(), "done").endswith("deita] done (request job-1)")
    finally:
        tracing.begin(None)
    assert "request_id" not in json.loads(line(lines.JsonLines(), "later"))


@SIDES
def test_what_is_secret_is_left_out_and_what_is_long_is_cut(lines: ModuleType, tracing: ModuleType) -> None:
    secret = "0123456789abcdef" * 4
    for message in (
        f"GET /hub/sign-in?token={secret}&next=%2F HTTP/1.1",
        f"request(uri='/user/me/shop/q/a.csv?who={secret}', headers=1)",
        f"Authorization: Bearer {secret}",
        f"{{'Authorization': 'token {secret}'}}",
        f'{{"password": "{secret}"}}',
        f"postgresql+psycopg://deita:{secret}@db/deita does not answer",
    ):
        for formatter in (lines.JsonLines(), lines.TextLines()):
            assert secret not in line(formatter, message), message
    assert "/hub/sign-in?…" in line(lines.TextLines(), f"GET /hub/sign-in?token={secret} HTTP/1.1")
    assert "what? why" in line(lines.TextLines(), "what? why")
    assert len(line(lines.JsonLines(), "x" * 100_000)) < 2 * lines.LONGEST


@SIDES
def test_of_an_error_stands_there_what_it_is_and_where_it_was(lines: ModuleType, tracing: ModuleType) -> None:
    try:
        try:
            int("a cell of somebody")
        except ValueError as cause:
            raise RuntimeError("select 'a literal'") from cause
    except RuntimeError as error:
        said = json.loads(line(lines.JsonLines(), "It failed", error=error))["exception"]
    assert said.index("builtins.ValueError") < said.index("builtins.RuntimeError")
    assert f"{__file__}:" in said
    said += line(lines.TextLines(), "It failed: %s", RuntimeError("select 'a literal'"))
    quotes = "a cell of somebody" in said or "a literal" in said
    assert quotes == (lines is deita_hub.log_lines), "only where no data is, messages stand in the log"
    full = OSError(28, "No space left on device", "/a/secret/place")
    if not quotes:
        assert line(lines.TextLines(), "Kept %s of %d", full, 2).endswith("Kept OSError (No space left on device) of 2")


@SIDES
def test_a_trace_goes_on_and_what_is_none_begins_anew(lines: ModuleType, tracing: ModuleType) -> None:
    trace = tracing.trace_of({"traceparent": TRACEPARENT})
    version, trace_id, span, flags = trace.traceparent.split("-")
    assert (version, trace_id, flags) == ("00", "4bf92f3577b34da6a3ce929d0e0e4736", "01")
    assert span != "00f067aa0ba902b7" and trace.request_id == trace_id
    again = tracing.trace_of(trace.headers)
    assert (again.request_id, again.trace_id) == (trace.request_id, trace_id) and again.span_id != span
    assert tracing.trace_of({"traceparent": "01-" + TRACEPARENT[3:] + "-more"}).trace_id == trace_id
    for wrong in (
        TRACEPARENT.upper(),
        TRACEPARENT + "-more",
        "00-" + "0" * 32 + TRACEPARENT[35:],
        "ff" + TRACEPARENT[2:],
    ):
        assert tracing.trace_of({"traceparent": wrong}).trace_id != trace_id, wrong
    assert tracing.trace_of({"X-Request-Id": "<b>"}).request_id != "<b>"


@SIDES
def test_a_process_that_ends_by_an_error_says_so_in_one_line(lines: ModuleType, tracing: ModuleType) -> None:
    program = f"import {lines.__name__} as lines, warnings; lines.install('json'); warnings.warn('old'); 1 / 0"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    warning, last = map(json.loads, ended.stderr.splitlines())
    assert ended.returncode == 1 and warning["logger"] == "py.warnings"
    assert last["level"] == "critical" and "ZeroDivisionError" in last["exception"]


def test_the_proxys_lines_are_json_where_the_others_are() -> None:
    node = programs.find_node(settings.load({}))
    own = r"2026-11-26T15:35:29.611Z [ConfigProxy] \x1b[33mwarn\x1b[39m: 503 GET /user/x\n two"
    command = [
        node,
        "--require",
        str(programs.LOG_LINES),
        "-e",
        f'console.log("{own}"); console.error("x".repeat(9999))',
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env={"DEITA_LOG_FORMAT": "json"})
    said = json.loads(ran.stdout)
    assert (said["level"], said["message"]) == ("warning", "503 GET /user/x\n two")
    assert json.loads(ran.stderr)["level"] == "error" and len(ran.stderr) < 5000
    plain = subprocess.run(command, capture_output=True, text=True, check=True, env={})
    assert plain.stdout.startswith("2026-11-26T15:35:29.611Z [ConfigProxy]")
