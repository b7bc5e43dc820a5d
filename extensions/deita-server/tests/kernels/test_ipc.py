"""The folder of the kernels' sockets."""

from __future__ import annotations

import os
from pathlib import Path

from deita_server.kernels.ipc import PATH_LIMIT, KernelSockets, clear_abandoned


def test_the_folder_is_private_and_goes_with_its_owner(tmp_path: Path) -> None:
    sockets = KernelSockets(tmp_path)
    assert sockets.folder.stat().st_mode & 0o777 == 0o700
    sockets.close()
    assert list(tmp_path.iterdir()) == []


def test_socket_paths_fit_the_address_family() -> None:
    sockets = KernelSockets()
    longest = sockets.folder / "kernel-00000000-0000-0000-0000-000000000000-ipc-5"
    sockets.close()
    assert len(os.fsencode(longest)) <= PATH_LIMIT


def test_what_a_crashed_server_left_is_cleared_and_what_lives_stays(tmp_path: Path) -> None:
    alive = KernelSockets(tmp_path)
    left = tmp_path / "deita-k-crashed"
    left.mkdir()
    (left / "lock").touch()
    clear_abandoned(tmp_path)
    assert list(tmp_path.iterdir()) == [alive.folder]
    alive.close()


def test_a_folder_in_the_making_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "deita-k-no-lock-yet").mkdir()
    clear_abandoned(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["deita-k-no-lock-yet"]


def test_a_kernels_own_folder_is_private_and_goes_with_it(tmp_path: Path) -> None:
    sockets = KernelSockets(tmp_path)
    own = sockets.of("00000000-0000-0000-0000-000000000000")
    assert own.stat().st_mode & 0o777 == 0o700
    assert own == sockets.of(own.name)
    assert len(os.fsencode(own / "kernel-ipc-5")) - len(os.fsencode(tmp_path)) < PATH_LIMIT - len("/tmp")
    sockets.forget(own.name)
    sockets.forget(own.name)
    assert not own.exists()
    sockets.close()
