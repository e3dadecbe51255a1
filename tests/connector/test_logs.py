"""The log: one JSON line a stop, words on the list only, nothing personal or secret in them."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from connector import logs


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
    "plain",
    [
        "status code 200 of 3",
        "2026-11-22 05:10",
        "answered 404: not found",
        "shop 17 took 0.12 s",
        "keeps its token",
    ],
)
def test_what_is_neither_stays_as_it_is(plain: str) -> None:
    assert logs.masked(plain) == plain


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
        "bearer abc.def-ghi",
        "bearer abcdef",
        "?Token=abc.def",
        "password: hunter2",
        "'access_token': 'abc.def'",
        '{"client_secret":"abc.def"}',
        "anna%40example.nl",
        "06-12345678",
        "020 5551234",
        "postgres:hunter2@home",
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


def test_what_an_exception_was_caused_by_or_noted_with_is_not_quoted_either(written: io.StringIO) -> None:
    try:
        try:
            raise KeyError("jan@example.com")
        except KeyError as cause:
            error = ValueError("row of Jan de Vries, Kanarielaan 77")
            error.add_note("shpat_0123456789abcdef0123456789abcdef")
            raise error from cause
    except ValueError as caught:
        structlog.get_logger().error("failed", exc_info=caught)
        structlog.get_logger().error("failed", exc_info=True, stack_info=True)
        logging.getLogger("procrastinate.worker").error(
            "Job failed: %s", "import", exc_info=caught, stack_info=True
        )
        logging.getLogger("waitress").exception("Exception while serving %s", "/settings")
    assert len(lines(written)) == 4
    for word in ("Jan", "jan@", "Kanarielaan", "shpat", "Traceback", "File "):
        assert word not in written.getvalue(), word


@pytest.mark.parametrize(
    "name",
    [
        "",
        "werkzeug",
        "waitress",
        "granian.access",
        "procrastinate.worker",
        "urllib3.connectionpool",
        "alembic",
        "flask.app",
    ],
)
def test_every_library_writes_one_line_of_allowed_words_whatever_it_is_told(
    name: str, written: io.StringIO
) -> None:
    said = 'GET /shopify/callback?code=c0de77&hmac=abc123&id_token=eyJhbGciOiJIUzI1NiJ9.e30.sig&shop=x "-"'
    logger = logging.getLogger(name)
    logger.warning(
        "%s\n%s", said, '{"event": "forged"}', extra={"body": "jan@example.com", "email": "jan@example.com"}
    )
    [line] = lines(written)
    assert set(line) <= logs.ALLOWED
    for word in ("c0de77", "abc123", "eyJ", "jan@"):
        assert word not in written.getvalue(), word


def test_statements_are_never_logged_with_what_stands_in_the_rows(
    written: io.StringIO, database: Any
) -> None:
    """Even where somebody turns the log of statements on: the words of a row stay out of it and out of errors."""
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    from connector.secrets import KeyRing
    from connector.store.database import Database

    opened = Database(database.url, KeyRing({"k1": b"k" * 32}, b"p" * 40))
    engine_log = logging.getLogger("sqlalchemy.engine")
    before = engine_log.level
    engine_log.setLevel(logging.DEBUG)
    try:
        with opened.merchant(1) as tx:
            tx.run(text("SELECT :name || :street"), [{"name": "Quirinus", "street": "Kanarielaan 77"}])
        with pytest.raises(DBAPIError) as failed, opened.merchant(1) as tx:
            tx.run(text("SELECT CAST(:name AS int)"), [{"name": "no number"}])
    finally:
        engine_log.setLevel(before)
        opened.close()
    assert "SELECT" in written.getvalue(), "the statements are there, or this shows nothing"
    assert "Quirinus" not in written.getvalue()
    assert "Kanarielaan" not in written.getvalue()
    assert "[SQL parameters hidden" in str(failed.value)


SECRETS = st.one_of(
    st.from_regex(r"shp(at|ca|pa|ss)_[0-9a-f]{32}", fullmatch=True),
    st.from_regex(r"Bearer [A-Za-z0-9._-]{8,60}", fullmatch=True),
    st.from_regex(r"eyJ[A-Za-z0-9_-]{10,40}\.eyJ[A-Za-z0-9_-]{10,40}\.[A-Za-z0-9_-]{10,40}", fullmatch=True),
    st.from_regex(r"[a-z0-9._+-]{1,20}@[a-z0-9-]{1,20}\.(nl|example|co\.uk)", fullmatch=True),
    st.from_regex(r"\+[1-9][0-9]{1,2} ?[0-9]{7,9}", fullmatch=True),
    st.from_regex(r"NL[0-9]{2}[A-Z]{4}[0-9]{10}", fullmatch=True),
    st.from_regex(r"(hmac|code|id_token|signature|password)=[A-Za-z0-9%+/_-]{6,40}", fullmatch=True),
)


@settings(max_examples=120, deadline=None, derandomize=True, database=None)
@given(
    secret=SECRETS,
    before=st.text(max_size=30),
    after=st.text(max_size=30),
    where=st.sampled_from(["event", "reason", "why", "args"]),
)
def test_no_secret_gets_through_wherever_it_stands_and_no_line_becomes_two(
    secret: str, before: str, after: str, where: str
) -> None:
    out, root = io.StringIO(), logging.getLogger()
    kept = (root.handlers[:], root.level)
    logs.set_up(out)
    words = f"{before} {secret} {after}"
    try:
        if where == "event":
            structlog.get_logger().warning(words)
        elif where == "args":
            logging.getLogger("some.library").warning("said %s", words)
        else:
            structlog.get_logger().warning("said", **{where: words})
    finally:
        structlog.reset_defaults()
        root.handlers[:], root.level = kept
    written = out.getvalue()
    assert len(written.splitlines()) == 1
    json.loads(written)
    assert secret not in written
    assert json.dumps(secret)[1:-1] not in written
