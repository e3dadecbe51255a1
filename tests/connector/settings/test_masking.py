"""What a message said is shown as far as it is harmless: its shape, goods, money, times; never a person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connector.settings import masking

SECRETS = {
    "email": "anna@example.nl",
    "first_name": "Anna",
    "phone": "+31 20 555 12 34",
    "note": "Bel na zessen",
    "token": "shpat_0123456789abcdef",
    "company_vat": "NL001234567B01",
    "latitude": 52.37,
}


def told(body: Any) -> str:
    return "\n".join(f"{one.name}: {one.value}" for one in masking.lines(json.dumps(body).encode()))


def test_goods_money_times_and_states_are_shown() -> None:
    order = {
        "id": 1007,
        "created_at": "2026-11-20T12:00:00Z",
        "financial_status": "paid",
        "line_items": [{"quantity": 2, "price": "12.50"}],
    }
    shown = told(order)
    for word in ("id: 1007", '"2026-11-20T12:00:00Z"', '"paid"', "quantity: 2", '"12.50"'):
        assert word in shown


@pytest.mark.parametrize("name", SECRETS)
def test_persons_secrets_and_unknown_fields_are_masked(name: str) -> None:
    value = SECRETS[name]
    [_, line, _] = masking.lines(json.dumps({name: value}).encode())
    assert (line.name, line.value) == (name, "")
    assert line.hidden == (len(value) if isinstance(value, str) else 0)


def test_a_harmless_field_is_masked_where_it_holds_a_person_or_stands_in_an_address() -> None:
    assert "anna" not in told({"status": "anna@example.nl"})
    assert "17" not in told({"shipping_address": {"number": "17"}})
    assert "17" in told({"number": "17"})


def test_the_shape_stays_and_ends() -> None:
    shape = [
        (one.depth, one.name, one.value) for one in masking.lines(b'{"a": {"id": 1}, "b": [], "id": [2, 3]}')
    ]
    assert shape == [
        (0, "", "{"), (1, "a", "{"), (2, "id", "1"), (1, "", "}"), (1, "b", "[]"),
        (1, "id", "["), (2, "id", "2"), (2, "id", "3"), (1, "", "]"), (0, "", "}"),
    ]  # fmt: skip
    assert len(masking.lines(json.dumps([1] * 5000).encode())) == masking.LONGEST


@pytest.mark.parametrize("body", [b"not json", b"[" * 100_000, b"\xff\xfe", b'{"a":' * 60 + b"1" + b"}" * 60])
def test_what_is_no_json_or_too_deep_is_said_to_be_so(body: bytes) -> None:
    with pytest.raises(masking.Unreadable):
        masking.lines(body)


def test_no_word_of_a_person_in_any_recorded_body_is_shown(shared: Path) -> None:
    looked, leaks = 0, []
    for path in sorted((shared / "shopify").rglob("*.json")):
        try:
            body = json.loads(path.read_text())
            shown = "\n".join(one.value for one in masking.lines(path.read_bytes()))
        except (ValueError, masking.Unreadable):
            continue
        looked += 1
        leaks += [
            f"{path.name}: {word}" for word in personal(body) if json.dumps(word, ensure_ascii=False) in shown
        ]
    assert looked > 10
    assert leaks == []


def personal(body: Any) -> set[str]:
    """The words in fields that name, address or ring up a person."""
    names = {
        "email",
        "contact_email",
        "first_name",
        "last_name",
        "phone",
        "address1",
        "city",
        "zip",
        "company",
        "browser_ip",
    }
    match body:
        case dict():
            here = {v for k, v in body.items() if k in names and isinstance(v, str) and v}
            return here.union(*(personal(v) for v in body.values()))
        case list():
            return set().union(*(personal(v) for v in body))
    return set()
