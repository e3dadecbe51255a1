"""Every text has its Dutch, and the compiled file says what the written one says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

import connector.settings

ROOM = Path(connector.settings.__file__).parent
DUTCH = ROOM / "translations" / "nl" / "LC_MESSAGES"
KEYWORDS = {"_": None, "gettext": None, "_n": (1, 2), "ngettext": (1, 2)}


@pytest.fixture(scope="module")
def texts() -> set[str | tuple[str, ...]]:
    """Every text marked for translation, in code and templates."""
    found = extract_from_dir(
        ROOM,
        [("templates/**.html", "jinja2"), ("**.py", "python")],
        {"templates/**.html": {"silent": "false"}},
        KEYWORDS,
    )
    return {message for _file, _line, message, _comments, _context in found}


@pytest.fixture(scope="module")
def dutch() -> Catalog:
    with (DUTCH / "messages.po").open("rb") as file:
        return read_po(file, locale="nl")


def test_there_are_texts_to_translate(texts: set[str | tuple[str, ...]]) -> None:
    assert len(texts) > 300


def test_no_text_lacks_its_dutch_and_none_is_left_over(
    texts: set[str | tuple[str, ...]], dutch: Catalog
) -> None:
    translated = {
        message.id for message in dutch if message.id and _full(message.string) and not message.fuzzy
    }
    firsts = {text[0] if isinstance(text, tuple) else text for text in texts}
    known = {one[0] if isinstance(one, tuple) else one for one in translated}
    assert firsts - known == set()
    assert known - firsts == set()


def test_every_placeholder_comes_back_in_dutch(dutch: Catalog) -> None:
    for message in dutch:
        if message.id:
            wanted = set(re.findall(r"%\((\w+)\)", str(message.id)))
            strings = message.string if isinstance(message.string, tuple) else (message.string,)
            for string in strings:
                assert set(re.findall(r"%\((\w+)\)", string)) == wanted, message.id


def test_the_compiled_file_says_the_same(dutch: Catalog) -> None:
    with (DUTCH / "messages.mo").open("rb") as file:
        compiled = read_mo(file)
    assert _said(compiled) == _said(dutch)


def _said(catalog: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    return {_tuple(message.id): _tuple(message.string) for message in catalog if message.id}


def _tuple(words: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words)


def _full(string: str | tuple[str, ...]) -> bool:
    return all(string) if isinstance(string, tuple) else bool(string)
