"""What somebody asks of the merchant in person: a file of what is known of them, or to be forgotten."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from connector import rounds
from connector.store import tables, tombstones

PRIVACY = "/settings/activity/privacy"


@pytest.fixture
def ada(town: Any) -> dict[str, str]:
    """The form on the card of a customer with one order; another has one too."""
    town.orders(town.customers(2), 9)
    return {"member": str(town.member_of("c0")), "shop": str(town.shop.id), "customer": "c0"}


def known(town: Any) -> list[tuple[str, bool]]:
    """Who is a customer, and whether anything of them can be read."""
    rows = of(town, tables.customers)
    return sorted((row.id, row.email_sealed is not None) for row in rows)


def of(town: Any, table: Any) -> list[Any]:
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        return list(tx.all(select(table)))


def done(town: Any) -> list[tuple[str, int]]:
    rounds.apply(town.house, town.shop.merchant_id, town.shop.id)
    return [(row.topic, row.rows) for row in of(town, tables.privacy)]


def file(browser: Any) -> Any:
    [link] = re.findall(rf'href="({PRIVACY}/\d+\.json)"', browser.get(PRIVACY))
    return browser.client.get(link).json


def test_from_the_card_a_file_is_made_and_the_person_forgotten_by_who_is_sure(
    town: Any, browser: Any, ada: dict[str, str]
) -> None:
    card, log = f"/settings/members/{ada['member']}", town.house.settings.forgotten_log
    assert browser.post(PRIVACY, card, **ada, wish="file").location == PRIVACY
    assert "A file of what is known of somebody" in browser.get(PRIVACY)
    assert done(town) == [("data_asked", 2)]
    told = file(browser)
    assert [one["email"] for one in told["customers"]] == ["c0@example.nl"]

    browser.post(PRIVACY, card, **ada, wish="forget")
    assert "Nobody was forgotten" in browser.get(PRIVACY)
    assert known(town) == [("c0", True), ("c1", True)]
    before = len(tombstones.read(log))
    browser.post(PRIVACY, card, **ada, wish="forget", sure="yes")
    assert [topic for topic, _ in done(town)] == ["data_asked", "customer_forgotten"]
    assert sorted(readable for _, readable in known(town)) == [False, True]
    assert "c0" not in dict(known(town))
    assert [len(stone.words) for stone in tombstones.read(log)[before:]] == [2], "a number and an address"
    assert all(row.body_sealed is None for row in of(town, tables.inbox))
    assert browser.post(PRIVACY, card, **ada, wish="file").status_code == 404
    assert "Forget this person" not in browser.get(card)


def test_a_guest_is_found_by_the_address_that_is_typed(town: Any, browser: Any, ada: dict[str, str]) -> None:
    town.orders([None], 3, email="Guest@example.nl")
    typed = {"shop": ada["shop"], "email": " guest@EXAMPLE.nl "}
    browser.post(PRIVACY, PRIVACY, **typed, wish="file")
    assert done(town) == [("data_asked", 1)]
    assert len(file(browser)["orders_without_account"]) == 1
    browser.post(PRIVACY, PRIVACY, **typed, wish="forget", sure="yes")
    assert done(town)[-1][0] == "customer_forgotten"
    assert [row.guest_hash for row in of(town, tables.orders)] == [None] * 3
    assert known(town) == [("c0", True), ("c1", True)]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"email": "nobody"}, 303),
        ({"wish": "something"}, 404),
        ({"shop": "999"}, 404),
        ({"customer": "c1", "member": "-"}, 404),
        ({"customer": "c1"}, 404),
    ],
)
def test_what_makes_no_sense_does_nothing(
    town: Any, browser: Any, ada: dict[str, str], changes: dict[str, str], status: int
) -> None:
    fields = {"shop": ada["shop"], "member": ada["member"], "email": "c0@example.nl", "wish": "file"}
    assert browser.post(PRIVACY, PRIVACY, **fields | changes).status_code == status
    assert done(town) == []
