"""The log: one JSON line a stop, words on the list only, nothing personal or secret in them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from connector import logs


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    out = io.StringIO()
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    structlog.contextvars.clear_contextvars()
    logs.set_up(out)
    yield out
    structlog.reset_defaults()
    root.handlers[:], root.level = before


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_carries_the_allowed_words_and_no_others(written: io.StringIO) -> None:
    structlog.get_logger().info(
        "kept", shop_id=7, delivery="b54557e4-bdd9-4b37-8a5f-bf7d70bcd043", body=b"{}", email="x"
    )
    [line] = lines(written)
    assert set(line) == {"event", "level", "timestamp", "shop_id", "delivery"}
    assert line["delivery"] == "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"
    assert line["shop_id"] == 7


@pytest.mark.parametrize(
    "secret",
    [
        "shpat_0123456789abcdef0123456789abcdef",
        "Bearer abc.def-ghi",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "jan.de-vries+shop@mail.example.com",
        "NL91 ABNA 0417 1643 00",
        "+31 (0)20 555 12 34",
        "hmac=0f1e2d",
        "postgres:hunter2",
        "abcdefghij0123456789abcdefghij0123456789",
    ],
)
def test_what_looks_like_a_secret_or_a_person_is_blotted_out_everywhere(
    secret: str, written: io.StringIO
) -> None:
    text = (
        f"call to https://{secret}@x failed"
        if secret.startswith("postgres")
        else f"call with {secret} failed"
    )
    structlog.get_logger().warning(text, why="x", reason=text)
    logging.getLogger("some.library").error("it said %s", text)
    assert len(lines(written)) == 2
    assert secret not in written.getvalue()


def test_an_exception_is_named_and_placed_but_not_quoted(written: io.StringIO) -> None:
    try:
        raise ValueError("row of jan@example.com")
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("x").exception("failed too")
    first, second = lines(written)
    assert first["error"] == second["error"] == "ValueError"
    assert first["where"].rpartition(":")[2].isdigit()
    assert "jan" not in written.getvalue()
    assert "Traceback" not in written.getvalue()


def test_a_line_break_in_a_word_makes_no_second_line(written: io.StringIO) -> None:
    structlog.get_logger().info("kept", topic='x\n{"event": "forged"}')
    assert len(written.getvalue().splitlines()) == 1
