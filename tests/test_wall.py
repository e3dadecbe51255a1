"""The wall around the tests holds: nothing but this machine is reached."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest


def test_a_connection_beyond_this_machine_fails_the_test() -> None:
    with socket.socket() as line, pytest.raises(pytest.fail.Exception, match=r"192.0.2.1"):
        line.connect(("192.0.2.1", 80))


def test_a_name_beyond_this_machine_is_not_even_looked_up() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"shop.example"):
        socket.create_connection(("shop.example", 443))


def test_this_machine_is_reached() -> None:
    door = socket.create_server(("127.0.0.1", 0))
    with door, socket.create_connection(("127.0.0.1", door.getsockname()[1])) as line:
        assert line.getpeername() == door.getsockname()


def test_the_browser_for_the_page_tests_is_there(chromium: str) -> None:
    assert Path(chromium).exists()
