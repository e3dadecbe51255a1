"""Privacy law carried out: what is known of a person is handed over, then gone from every table, and the figures stay."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import LargeBinary, Text, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from connector.app import create_app
from connector.flow import importing
from connector.hall import sign_in_url
from connector.loyalty.facts import Adjustment
from connector.port import (
    Batch,
    CustomerChanged,
    CustomerForgotten,
    CustomerRemoved,
    CustomersMerged,
    DataAsked,
    Delivery,
    OrderChanged,
    ShopForgotten,
    ShopRemoved,
)
from connector.rounds import upkeep
from connector.store import bodies, inbox, ledger, people, personal, privacy, proofs, tables
from connector.store.reading import privacy as requests

CORNER = "corner.example"
NUMBER = "70707"
CANARIES = ("kwikstaart", "anna@example.nl", "Anna liked the blue one", "canary-street", NUMBER)


def test_every_column_that_could_name_a_person_says_what_becomes_of_it() -> None:
    could = {
        table.name: {
            column.name
            for column in table.columns
            if isinstance(column.type, Text | LargeBinary | ARRAY | JSONB)
        }
        for table in tables.metadata.sorted_tables
    }
    assert {name: set(columns) for name, columns in personal.PLACES.items()} == {
        name: columns for name, columns in could.items() if columns
    }
    assert all(words for columns in personal.PLACES.values() for words in columns.values())


@pytest.fixture
def anna(world: Any, start: Any, make: Any) -> Any:
    """Anna, planted wherever a word about her can stand."""
    start()
    world.tell(CustomerChanged(make.person(NUMBER, email="  ANNA@Example.nl ")))
    world.happen(make.order(1, 60, make.NOW, NUMBER), make.order(2, 60, make.NOW, NUMBER))
    guest = make.order(3, 20, make.NOW, customer_id=None, email="Anna@example.nl")
    world.happen(guest)
    world.push()
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        [row] = [row for row in world.rows(tables.customers) if row.id == NUMBER]
        act = Adjustment("a-1", make.NOW, 25, "staff", "Anna liked the blue one", 1)
        ledger.add_act(tx, row.member_id, act)
        tx.run(update(tables.members).values(due_at=world.now))
        for number, body in enumerate(
            (b'{"note": "canary-street", "id": 70707}', b'{"email": "Anna@example.nl"')
        ):
            inbox.keep(tx, world.shop.id, Delivery(f"odd-{number}", "odd", body), "webhook", world.now)
        inbox.keep(tx, world.shop.id, Delivery("odd-77", "odd", b'{"id": 170707'), "webhook", world.now)
    world.later(0)
    world.apply()
    return world


def figures(world: Any) -> Any:
    orders = sorted((row.id, row.total, row.refunded, row.paid_at) for row in world.rows(tables.orders))
    points = sorted((row.source, row.points, row.moment) for row in world.rows(tables.entries))
    return (
        orders,
        points,
        sorted((row.id, row.balance, row.order_count) for row in world.rows(tables.members)),
    )


def readable(world: Any) -> str:
    """Every word that this installation can still read, sealed ones opened."""
    said = []
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        for table in tables.metadata.sorted_tables:
            if "merchant_id" not in table.c:
                continue
            for row in tx.all(table.select()):
                for column, word in row._mapping.items():
                    said.append(str(word))
                    if table.name == "inbox" and column == "body_sealed" and word:
                        said.append((bodies.of(tx, row) or b"").decode(errors="replace"))
                    elif table.name == "privacy" and column == "export_sealed" and word:
                        said.append(requests.export(tx, row.id, world.now).decode())
                    elif column.endswith("_sealed") and table.name == "customers" and word:
                        place = f"customers.{column.removesuffix('_sealed')}:{row.shop_id}:{row.id}"
                        said.append(str(tx.ring.open_text(word, place)))
    return re.sub("1" + NUMBER, "", "\n".join(said)).casefold()  # within a longer number it is another one


def proof(world: Any) -> Any:
    return max(world.rows(tables.privacy), key=lambda row: row.id)


def test_what_is_known_of_a_person_is_handed_over_whole(anna: Any, make: Any) -> None:
    anna.tell(DataAsked(CORNER, NUMBER, "anna@example.nl", "9001", ("3",)))
    row = proof(anna)
    assert (row.topic, row.request_id, row.customer_id) == ("data_asked", "9001", NUMBER)
    assert row.tables == {"customers": 1, "orders": 3}
    assert (row.due_at - row.asked_at).days == 30
    with anna.house.database.merchant(anna.shop.merchant_id) as tx:
        export = requests.export(tx, row.id, anna.now)
    told = json.loads(export)
    [person] = told["customers"]
    assert (person["name"], person["email"].strip(), person["points_now"]) == (
        "Anna Kwikstaart",
        "ANNA@Example.nl",
        anna.balance(NUMBER),
    )
    assert [order["number"] for order in person["orders"]] == ["#1", "#2"]
    assert [order["number"] for order in told["orders_without_account"]] == ["#3"]
    assert [act["reason"] for act in person["exchanges_and_adjustments"]] == ["Anna liked the blue one"]
    assert {coupon["code"] for coupon in person["coupons"]} == {row.code for row in anna.rows(tables.coupons)}
    assert person["tags"]
    from connector.store import exports

    lines = list(csv.reader(io.StringIO(exports.as_csv(export))))
    assert ["customers.1", "name", "Anna Kwikstaart"] in lines
    assert all(len(line) == 3 for line in lines)


def test_a_file_is_there_for_seven_days_and_made_again_when_asked_again(anna: Any, make: Any) -> None:
    anna.tell(DataAsked(CORNER, NUMBER, "anna@example.nl", "9001"))
    first = proof(anna)
    browser = create_app(anna.house).test_client()

    def asked(row: Any) -> tuple[list[int], str]:
        """What the two links answer, and what the page says."""
        browser.get(urlsplit(sign_in_url(anna.house, anna.shop.merchant_id)).path)
        links = [
            browser.get(f"/settings/activity/privacy/{row.id}.{kind}").status_code for kind in ("json", "csv")
        ]
        return links, browser.get("/settings/activity/privacy?lang=nl").text

    anna.later(6.9)
    links, page = asked(first)
    assert (links, "tot 27 nov 2026" in page, f"{first.id}.json" in page) == ([200, 200], True, True)
    anna.later(0.2)
    # At once, whether or not anybody has tidied up since.
    links, page = asked(first)
    assert (links, "Er niet meer" in page, f"{first.id}.json" in page) == ([404, 404], True, False)
    assert "No longer there" in browser.get("/settings/activity/privacy?lang=en").text
    upkeep.tidy(anna.house)
    [row] = [row for row in anna.rows(tables.privacy) if row.id == first.id]
    assert (row.export_sealed, row.customer_id) == (None, None)
    with anna.house.database.merchant(anna.shop.merchant_id) as tx:
        assert proofs.broken(tx) == []
    anna.tell(DataAsked(CORNER, NUMBER, "anna@example.nl", "9002"))
    assert asked(proof(anna))[0] == [200, 200]


def test_a_forgotten_person_is_gone_from_every_table_and_the_figures_stay(anna: Any, make: Any) -> None:
    anna.tell(DataAsked(CORNER, NUMBER, "anna@example.nl", "9001"))
    before, said = figures(anna), readable(anna)
    assert [word for word in CANARIES if word.casefold() not in said] == []
    anna.tell(CustomerForgotten(CORNER, NUMBER, " Anna@EXAMPLE.nl", ("3",)))
    said = readable(anna)
    assert [word for word in CANARIES if word.casefold() in said] == []
    assert figures(anna) == before
    row = proof(anna)
    assert row.customer_id is None
    assert row.tables["acts"] == row.tables["entries"] == row.tables["customers"] == 1
    assert row.tables["inbox"] >= 3
    assert (row.rows, row.done_at) == (sum(row.tables.values()), anna.now)
    # Her numbers stand within longer ones too; those are of other people.
    [other] = [row for row in anna.rows(tables.inbox) if row.delivery_id == "odd-77"]
    assert (other.state, other.body_sealed is not None) == ("parked", True)
    # Once more, and late messages that would bring her back.
    anna.tell(CustomerForgotten(CORNER, NUMBER, "anna@example.nl", ("3",)))
    later = make.NOW + make.DAY
    anna.tell(
        CustomerChanged(make.person(NUMBER, changed_at=later)),
        CustomerChanged(make.person("8", email="anna@example.nl", changed_at=later)),
        OrderChanged(
            make.order(3, 20, make.NOW, customer_id=None, email="anna@example.nl", changed_at=later)
        ),
    )
    said = readable(anna)
    assert [word for word in CANARIES if word.casefold() in said] == []
    assert figures(anna)[1] == before[1]


def test_late_messages_and_reading_the_shop_again_never_bring_the_number_back(anna: Any, make: Any) -> None:
    anna.tell(CustomerForgotten(CORNER, NUMBER, "anna@example.nl"))
    [row] = [row for row in anna.rows(tables.customers) if row.forgotten_at]
    assert people.is_nobody(row.id)
    later = make.NOW + make.DAY
    refunded = make.order(1, 60, make.NOW, NUMBER, refunded=6000, kept=0, changed_at=later)
    anna.happen(refunded, make.order(9, 70, make.NOW, NUMBER))
    anna.tell(CustomersMerged("8", NUMBER), CustomersMerged(NUMBER, "8"), CustomerRemoved(NUMBER))
    # What is known of her orders still follows the shop; an order nobody knew of is nobody's.
    points = {row.source: 0 for row in anna.rows(tables.entries)}
    assert anna.sums().get(f"order:{anna.shop.id}:1") is None
    assert f"order:{anna.shop.id}:1" in points
    assert {one.id: one.customer_id for one in anna.rows(tables.orders)} == {
        "1": row.id, "2": row.id, "3": row.id, "9": None,
    }  # fmt: skip
    anna.reconcile()
    assert anna.reconcile() == 0
    with anna.house.database.merchant(anna.shop.merchant_id) as tx:
        known = tuple(anna.corner.order_book.values())
        importing.take_in(tx, anna.shop.id, Batch((make.person(NUMBER),), known, ""), anna.now)
    anna.later(0)
    anna.push()
    assert NUMBER not in readable(anna)
    assert [call for call in anna.outbox if call.state in ("waiting", "parked")] == []
    assert len([one for one in anna.rows(tables.customers) if one.forgotten_at]) == 1


def test_somebody_nobody_knows_is_remembered_and_proven_all_the_same(world: Any, start: Any) -> None:
    start()
    world.tell(CustomerForgotten(CORNER, None, "nobody@example.org"), DataAsked(CORNER, "99", None, "1"))
    found = sorted(world.rows(tables.privacy), key=lambda row: row.id)
    assert [(row.topic, row.rows) for row in found] == [("customer_forgotten", 0), ("data_asked", 0)]


def test_an_erased_shop_keeps_no_word_about_anybody(anna: Any) -> None:
    anna.tell(DataAsked(CORNER, NUMBER, "anna@example.nl", "9001"))
    before = figures(anna)[1]
    anna.tell(ShopRemoved(CORNER), ShopForgotten(CORNER))
    said = readable(anna)
    assert [word for word in CANARIES if word.casefold() in said] == []
    assert figures(anna)[1] == before
    assert proof(anna).topic == "shop_forgotten"


def test_the_reasons_of_another_merchant_cannot_be_blanked_and_no_other_word_of_the_ledger(anna: Any) -> None:
    with anna.house.database.merchant(anna.shop.merchant_id) as tx:
        blank = func.comeback_forget_reasons(anna.shop.merchant_id + 1, [anna.member(NUMBER)])
        assert tx.value(select(blank)) == 0
    assert "liked the blue one" in readable(anna)


def test_a_proof_that_is_changed_or_left_out_no_longer_fits(anna: Any) -> None:
    for number in range(3):
        anna.tell(DataAsked(CORNER, NUMBER, None, f"90{number}"))
    merchant = anna.house.database.merchant
    first, second, third = sorted(row.id for row in anna.rows(tables.privacy))
    with merchant(anna.shop.merchant_id) as tx:
        assert proofs.broken(tx) == []
        tx.run(update(tables.privacy).where(tables.privacy.c.id == second).values(rows=7))
        assert proofs.broken(tx) == [second]
        tx.run(tables.privacy.delete().where(tables.privacy.c.id == second))
        assert proofs.broken(tx) == [third]
    assert first < second < third


def test_what_is_not_done_yet_is_listed_with_the_days_that_are_left(world: Any, start: Any) -> None:
    start()
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        inbox.keep(tx, world.shop.id, Delivery("r-1", "customers/redact", b"{}"), "webhook", world.now)
        [one] = requests.unfinished(tx, ("customers/redact",), world.now + proofs.LAW / 3)
    assert (one.topic, one.days_left, one.parked) == ("customers/redact", 20, False)


def test_a_person_another_shop_still_knows_keeps_what_staff_wrote(world: Any) -> None:
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert privacy.erase_reasons(tx, []) == {"acts": 0, "entries": 0}


def files(world: Any) -> dict[str, bool]:
    """Whether there is a file still, by the number of the request."""
    return {
        row.request_id: row.export_sealed is not None
        for row in world.rows(tables.privacy)
        if row.topic == "data_asked"
    }


def test_a_file_goes_with_whoever_it_is_about_and_not_with_a_number_of_another_shop(
    world: Any, market: Any, start: Any, make: Any
) -> None:
    start()
    world.tell(CustomerChanged(make.person("5")), CustomerChanged(make.person("6")))
    market.tell(CustomerChanged(make.person("5", "bea@example.nl")))
    world.tell(
        DataAsked(CORNER, None, "anna@example.nl", "two accounts"),
        DataAsked(CORNER, None, "Guest@example.nl", "a guest"),
        DataAsked(CORNER, None, None, "a guest's order", ("9",)),
    )
    market.tell(
        DataAsked("market.example", "5", None, "Bea"),
        DataAsked("market.example", None, "guest@example.nl", "a guest there"),
    )
    there = {"two accounts", "a guest", "a guest's order", "Bea", "a guest there"}
    assert files(world) == dict.fromkeys(there, True)
    world.tell(CustomerForgotten(CORNER, "6", None))
    assert {name for name, still in files(world).items() if not still} == {"two accounts"}
    world.tell(CustomerForgotten(CORNER, None, "guest@example.nl"), CustomerForgotten(CORNER, "5", None))
    assert {name for name, still in files(world).items() if still} == {
        "a guest's order",
        "Bea",
        "a guest there",
    }
    world.tell(CustomerForgotten(CORNER, None, None, ("9",)))
    assert {name for name, still in files(world).items() if still} == {"Bea", "a guest there"}
    assert {len(row.about) for row in world.rows(tables.privacy) if row.export_sealed is None} == {0}
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert proofs.broken(tx) == []


def test_every_file_of_an_erased_shop_goes_and_those_of_the_merchants_other_shop_stay(
    world: Any, market: Any, start: Any, make: Any
) -> None:
    start()
    world.tell(CustomerChanged(make.person("5")))
    market.tell(CustomerChanged(make.person("5", "bea@example.nl")))
    world.tell(DataAsked(CORNER, "5", None, "Anna"), DataAsked(CORNER, None, "guest@example.nl", "a guest"))
    market.tell(DataAsked("market.example", "5", None, "Bea"))
    world.tell(ShopRemoved(CORNER), ShopForgotten(CORNER))
    assert files(world) == {"Anna": False, "a guest": False, "Bea": True}
    assert proof(world).tables["privacy"] == 2
