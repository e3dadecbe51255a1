"""Where a body is not as it should be: a place that reads the same in every language, and shows nothing of the body."""

from __future__ import annotations

import msgspec
import pytest

from adapters.magento import rows
from adapters.shopify import rest
from connector.port import BadMessage, TryLater, place


class Line(msgspec.Struct, frozen=True):
    id: int
    title: str = ""


class Body(msgspec.Struct, frozen=True):
    lines: tuple[Line, ...] = ()
    names: dict[str, str] = {}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"lines": [{"id": 1}, {"id": "secret"}]}', "$.lines[1].id"),
        (b'{"lines": [{"title": "secret"}]}', "$.lines[0].id"),
        (b'{"names": {"secret": 1}}', "$.names[...]"),
        (b"[]", "$"),
        (b"{", "$"),
        (b'{"lines": "secret - at `$.x`"}', "$.lines"),
    ],
)
def test_the_place_is_told_and_nothing_that_stands_there(body: bytes, told: str) -> None:
    with pytest.raises(msgspec.DecodeError) as wrong:
        msgspec.json.decode(body, type=Body)
    assert place(wrong.value) == told


def test_messages_and_answers_that_are_not_as_agreed_say_where_without_a_librarys_words() -> None:
    with pytest.raises(BadMessage, match=r"^the body is not as expected: \$\.id$"):
        rest.take({"email": "ada@example.com"}, rest.CustomerBody)
    with pytest.raises(TryLater, match=r"^The shop's answer is not understood: \$\.lines\[0\]\.id\.$"):
        rows.understood(b'{"lines": [{"id": "seven"}]}', Body)
    with pytest.raises(TryLater, match=r"^The shop's answer is not understood: no JSON\.$"):
        rows.understood(b"<html>", Body)
