"""A shop erased under privacy law: every row of it goes, and who lives on in another shop keeps what was booked."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from sqlalchemy import select, text
from structlog.testing import capture_logs

from connector import backup, rounds
from connector.app import create_app
from connector.flow import erasing, redeeming, settling, welcoming
from connector.hall import sign_in_url
from connector.loyalty.decide import decide
from connector.port import (
    CustomerChanged,
    CustomerForgotten,
    Installed,
    OrderChanged,
    ShopFacts,
    ShopForgotten,
    ShopRemoved,
    Unauthorized,
)
from connector.records import Order
from connector.rounds import upkeep
from connector.store import erasures, gauges, inbox, people, programs, proofs, shops, tables, vaults

CORNER, MARKET = "corner.example", "market.example"


def both_know_anna(world: Any, market: Any, make: Any) -> None:
    """Anna buys in both shops under one address; Bea in the corner shop only."""
    world.tell(CustomerChanged(make.person()), CustomerChanged(make.person("8", "bea@example.nl")))
    market.tell(CustomerChanged(make.person("70")))
    assert world.member("7") == market_member(market, "70")
    world.happen(make.order(1, 60, make.NOW - 3 * make.DAY), make.order(2, 40, make.NOW - make.DAY))
    world.happen(make.order(3, 500, make.NOW - make.DAY, "8"))
    market.happen(make.order(1, 30, make.NOW - 2 * make.DAY, "70"))


def market_member(market: Any, customer_id: str) -> int:
    rows = market.rows(tables.customers)
    return int(next(row.member_id for row in rows if (row.shop_id, row.id) == (market.shop.id, customer_id)))


def goes(world: Any) -> None:
    world.tell(ShopRemoved(CORNER))
    world.later(2)
    world.tell(ShopForgotten(CORNER, timedelta(hours=47)))


def of_shop(world: Any) -> dict[str, int]:
    """How many rows each table has of the shop."""
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        return {
            table.name: len(tx.all(select(table).where(table.c.shop_id == world.shop.id)))
            for table in tables.metadata.sorted_tables
            if "shop_id" in table.c
        }


def balances(world: Any) -> dict[int, int]:
    return {row.id: row.balance for row in world.rows(tables.members) if row.survivor_id is None}


def test_no_row_of_the_shop_is_left_but_its_number_and_the_proof(
    world: Any, market: Any, start: Any, make: Any
) -> None:
    start()
    both_know_anna(world, market, make)
    world.push()
    before, booked, held = of_shop(world), world.sums(), balances(world)
    assert all(
        before[name] for name in ("customers", "orders", "coupons", "marks", "outbox", "inbox", "runs")
    )
    goes(world)
    assert {name: count for name, count in of_shop(world).items() if count} == {}
    [row] = [row for row in world.rows(tables.shops) if row.id == world.shop.id]
    assert (row.state, row.name, row.tokens_sealed, row.forgotten_at) == ("removed", "", None, world.now)
    assert CORNER not in row.address
    assert row.key != world.shop.key
    # The ledger is as it was, and so is what its members hold.
    assert (world.sums(), balances(world)) == (booked, held)
    proof = max(world.rows(tables.privacy), key=lambda row: row.id)
    assert (proof.topic, proof.shop_name) == ("shop_forgotten", "Corner Shop")
    assert (proof.tables["customers"], proof.tables["orders"]) == (2, 3)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert proofs.broken(tx) == []
        assert [shop.name for shop in shops.of_merchant(tx)] == ["Market Stall"]


def test_who_lives_on_in_another_shop_keeps_points_codes_and_their_end_and_nobody_else_is_settled(
    world: Any, market: Any, start: Any, make: Any
) -> None:
    terms = start()
    both_know_anna(world, market, make)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        member = world.member("7")
        key = terms.redeemables[0].key
        redeeming.redeem(tx, member, world.shop.id, "7", key, "an-act", "staff", world.now)
    codes = {row.code: row.state for row in market.coupons if row.shop_id == market.shop.id}
    assert codes, "the second order of all, placed at the market, gave a code"
    booked, bea = world.sums(), world.member("8")
    anna = {source: points for source, points in booked.items() if not source.endswith(":3")}
    goes(world)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert list(settling.settle(tx, [member, bea], world.now)) == [member]
        known = settling.recall(tx, [member])[member]
        decided = decide(known.history, programs.versions(tx), known.booked, world.now)
        assert (decided.entries, decided.coupons, decided.revoke) == ((), (), ())
        assert decided.standing.balance == sum(anna.values())
    assert world.sums() == booked
    assert {row.code: row.state for row in market.coupons} == codes
    # What the corner shop's orders gave ends when it would have ended, and the exchange there is not given back.
    world.later(800)
    ended = {source: points for source, points in world.sums().items() if source.startswith("expiry:")}
    assert sum(world.sums()[source] for source in world.sums() if not source.endswith(":3")) == 0
    assert any(source.startswith(f"expiry:order:{world.shop.id}:") for source in ended)
    assert f"expiry:order:{world.shop.id}:3" not in ended


def test_points_in_their_hold_are_not_given_any_more(world: Any, market: Any, start: Any, make: Any) -> None:
    start(hold_days=14)
    both_know_anna(world, market, make)
    world.happen(make.order(4, 90, make.NOW - 30 * make.DAY))
    assert world.sums() == {f"order:{world.shop.id}:4": 90}
    goes(world)
    world.later(60)
    assert world.sums() == {f"order:{world.shop.id}:4": 90, f"order:{market.shop.id}:1": 30}


def test_a_shop_that_comes_back_is_a_new_one_with_an_empty_history(
    world: Any, market: Any, start: Any, make: Any
) -> None:
    start()
    both_know_anna(world, market, make)
    goes(world)
    arrived = welcoming.welcome(world.house.database, world.corner, Installed(_FACTS, b"new"), world.now)
    assert arrived.first
    assert arrived.shop_id != world.shop.id
    assert arrived.merchant_id != world.shop.merchant_id
    with world.house.database.merchant(arrived.merchant_id) as tx:
        assert tx.all(select(tables.customers)) == []
        assert [shop.address for shop in shops.of_merchant(tx)] == [CORNER]


_FACTS = ShopFacts(CORNER, "Corner Shop", "EUR", "Europe/Amsterdam", "nl")


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("portions", [0, 1, 4])
def test_a_shop_whose_erasing_is_killed_between_portions_is_out_of_use_and_erased_all_the_same(
    world: Any, market: Any, start: Any, make: Any, monkeypatch: pytest.MonkeyPatch, portions: int
) -> None:
    monkeypatch.setattr(erasing, "MEMBERS", 1)
    monkeypatch.setattr(erasing, "PORTION", 4)
    start()
    both_know_anna(world, market, make)
    booked, held = world.sums(), balances(world)
    real, done = erasing.portion, list[int]()

    def killed(*words: Any) -> bool:
        if len(done) == portions:
            raise Killed
        done.append(1)
        return real(*words)

    with monkeypatch.context() as dying:
        dying.setattr(erasing, "portion", killed)
        with pytest.raises(Killed):
            goes(world)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        left = shops.get(tx, world.shop.id)
    assert (left.state, left.forgotten_at, left.is_erased) == ("removed", None, True)
    assert sum(of_shop(world).values()) > 0, "it was killed in between"
    # Out of use from the first: nobody gets in, what comes is nobody's, and its address is another shop's.
    with pytest.raises(vaults.NoTokens):
        vaults.Vault(world.house.database, world.shop.merchant_id, world.shop.id).read()
    with world.house.database.everyone() as connection:
        assert shops.find_by_key(connection, world.shop.key) is None
        assert shops.find_by_address(connection, "corner", CORNER) is None
        assert inbox.shops_waiting(connection, world.now) == []
    # Nothing of the ledger moves meanwhile, whoever is settled.
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        settling.settle(tx, sorted(held), world.now)
    assert (world.sums(), balances(world)) == (booked, held)
    upkeep.sweep(world.house)
    assert (world.shop.merchant_id, world.shop.id) in jobs_to_apply(world)
    rounds.apply(world.house, world.shop.merchant_id, world.shop.id)
    assert {name: count for name, count in of_shop(world).items() if count} == {}
    assert (world.sums(), balances(world)) == (booked, held)
    [proof] = [row for row in world.rows(tables.privacy) if row.topic == "shop_forgotten"]
    assert (proof.shop_name, proof.tables["customers"], proof.tables["orders"]) == ("Corner Shop", 2, 3)
    rounds.apply(world.house, world.shop.merchant_id, world.shop.id)
    assert len(world.rows(tables.privacy)) == 1


def test_a_guests_order_stays_until_its_owner_goes_though_somebody_else_of_that_address_goes_before(
    world: Any, market: Any, start: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "MEMBERS", 1)
    start()
    # Whoever has not proved the address claims nothing, and comes first.
    world.tell(CustomerChanged(make.person("6", "anna@example.nl", email_verified=False)))
    world.tell(CustomerChanged(make.person("7", "anna@example.nl")))
    market.tell(CustomerChanged(make.person("70", "anna@example.nl")))
    anna = market_member(market, "70")
    assert world.member("6") < anna == world.member("7")
    world.happen(make.order(1, 60, make.NOW - 3 * make.DAY, None, email="anna@example.nl"))
    world.happen(make.order(2, 40, make.NOW - 3 * make.DAY, "7"))
    assert balances(world)[anna] == 100
    goes(world)
    assert {name: count for name, count in of_shop(world).items() if count} == {}
    assert balances(world)[anna] == 100


def test_a_code_that_somebody_else_used_stays_used_though_they_go_before_its_owner(
    world: Any, market: Any, start: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "MEMBERS", 1)
    terms = start()
    world.tell(CustomerChanged(make.person("6", "bea@example.nl")), CustomerChanged(make.person("7")))
    market.tell(CustomerChanged(make.person("70")))
    anna = market_member(market, "70")
    assert world.member("6") < anna == world.member("7")
    world.happen(make.order(1, 600, make.NOW - 3 * make.DAY, "7"))
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        key = terms.redeemables[0].key
        redeeming.redeem(tx, anna, world.shop.id, "7", key, "an-act", "staff", world.now)
    [code] = [row.code for row in world.coupons if row.source.startswith("redemption")]
    world.push()
    world.happen(make.order(2, 40, make.NOW, "6", coupon_codes=(code,)))
    world.later(200)
    world.happen(make.order(3, 600, world.now, "7"))
    held = balances(world)[anna]
    assert held == 600 - 100 + 600
    goes(world)
    assert {name: count for name, count in of_shop(world).items() if count} == {}
    assert balances(world)[anna] == held


def test_who_cannot_be_settled_is_left_for_last_and_named_and_keeps_nobody_else_in_a_shop_that_is_erased(
    world: Any, market: Any, start: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    start()
    both_know_anna(world, market, make)
    world.push()
    anna, held = world.member("7"), balances(world)
    world.tell(CustomerChanged(make.person("9", "cas@example.nl")))
    real = people.owners

    def owners(tx: Any, member_ids: Any) -> Any:
        if anna in member_ids:
            raise ValueError("a story that we do not understand")
        return real(tx, member_ids)

    with monkeypatch.context() as spoilt, capture_logs() as lines:
        spoilt.setattr(people, "owners", owners)
        goes(world)
    assert [row.id for row in world.rows(tables.customers) if row.shop_id == world.shop.id] == ["7"]
    named = [line for line in lines if line["event"] == "not erased"]
    assert [(line["shop"], line["member"], line["error"]) for line in named] == [
        (world.shop.id, anna, "ValueError")
    ]
    browser = create_app(world.house).test_client()
    browser.get(urlsplit(sign_in_url(world.house, world.shop.merchant_id)).path)
    assert "it is tried again every hour" in browser.get("/settings/activity/privacy?lang=en").text
    # Not before the hour is over: with the sweep it would be four times a minute.
    for minutes, again in ((0, set()), (60, {(world.shop.merchant_id, world.shop.id)})):
        with world.house.database.everyone() as connection:
            assert set(erasures.left(connection, world.now + timedelta(minutes=minutes))) == again
    rounds.apply(world.house, world.shop.merchant_id, world.shop.id)
    assert {name: count for name, count in of_shop(world).items() if count} == {}
    assert balances(world)[anna] == held[anna]


def jobs_to_apply(world: Any) -> set[tuple[int, int]]:
    with world.house.database.everyone() as connection:
        rows = connection.execute(text("SELECT args FROM procrastinate_jobs WHERE task_name = 'apply'")).all()
    return {(row.args["merchant_id"], row.args["shop_id"]) for row in rows}


def test_a_merchant_whose_last_shop_is_erased_is_a_ledger_without_a_name(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.happen(make.order(1, 60, make.NOW))
    booked = world.sums()
    goes(world)
    [merchant] = world.rows(tables.merchants)
    assert merchant.name == ""
    assert world.rows(tables.passes) == []
    assert world.sums() == booked
    # A new version of the programme, or time, books nothing on those whom no shop knows any more.
    start()
    world.later(800)
    assert world.sums() == booked


def test_the_pages_of_a_merchant_without_a_shop_and_without_a_name_are_empty_and_whole(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.happen(make.order(1, 60, make.NOW))
    member = world.member("7")
    goes(world)
    browser = create_app(world.house).test_client()
    browser.get(urlsplit(sign_in_url(world.house, world.shop.merchant_id)).path)
    for one in PAGES:
        answer = browser.get(f"/settings/{one}" if one else "/")
        assert answer.status_code == 200, one
        assert CORNER not in answer.text
    assert "No shop yet" in browser.get("/?lang=en").text
    assert browser.get(f"/settings/members/{member}").status_code == 404


PAGES = ("", "members", "coupons", "activity", "activity/privacy", "activity/checks", "programme", "shops")


def test_pages_are_whole_while_a_shop_is_being_erased_and_do_not_offer_to_connect_it_again(
    world: Any, market: Any, start: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "MEMBERS", 1)
    start()
    both_know_anna(world, market, make)
    world.push()
    world.tell(ShopRemoved(CORNER))
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert erasing.begin(tx, world.shop.id, world.now, world.now)
        assert not erasing.begin(tx, world.shop.id, world.now, world.now)
        assert erasing.portion(tx, world.shop.id, world.now)
    assert of_shop(world)["customers"] == 1
    browser = create_app(world.house).test_client()
    browser.get(urlsplit(sign_in_url(world.house, world.shop.merchant_id)).path)
    assert "A shop is being erased" in browser.get("/settings/activity/privacy?lang=en").text
    with world.house.database.everyone() as connection:
        assert gauges.read(connection, ("forget",), world.now + 2 * make.DAY).unheeded_since == world.now
    for one in (*PAGES, f"shops/{world.shop.id}"):
        answer = browser.get(f"/settings/{one}" if one else "/")
        assert answer.status_code == 200, one
        assert (CORNER in answer.text, "forgotten " in answer.text) == (False, False), one


def test_a_shop_that_is_connected_again_is_never_erased(world: Any, start: Any, make: Any) -> None:
    start()
    world.happen(make.order(1, 60, make.NOW))
    world.tell(ShopRemoved(CORNER))
    world.later(1)
    welcoming.welcome(world.house.database, world.corner, Installed(_FACTS, b"new"), world.now)
    world.later(1)
    world.corner.calls.clear()
    world.tell(ShopForgotten(CORNER, timedelta(hours=47)))
    # It was asked, and it answered.
    assert said(world) == "The shop has Comeback installed; nothing was erased."
    assert len(world.rows(tables.orders)) == 1
    # Its token is refused for some other reason: the removal that this is about was before the installation.
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        shops.needs_reconnect(tx, world.shop.id)
    world.tell(ShopForgotten(CORNER, timedelta(hours=47)))
    assert said(world) == "About a removal before the shop was installed again; nothing was erased."
    assert len(world.rows(tables.orders)) == 1
    assert [row.topic for row in world.rows(tables.privacy)] == []


def said(world: Any) -> str:
    return str(max(world.rows(tables.inbox), key=lambda row: row.id).result)


def test_a_removal_nobody_told_us_of_is_found_out_by_asking(world: Any, start: Any, make: Any) -> None:
    start()
    world.happen(make.order(1, 60, make.NOW))
    world.later(3)
    world.corner.refuses_facts = Unauthorized("401")
    world.tell(ShopForgotten(CORNER, timedelta(hours=47)))
    assert world.rows(tables.orders) == []
    assert [row.topic for row in world.rows(tables.privacy)] == ["shop_forgotten"]


def test_what_came_with_the_request_and_after_it_brings_nobody_back(
    world: Any, market: Any, start: Any, make: Any
) -> None:
    start()
    both_know_anna(world, market, make)
    booked = world.sums()
    world.tell(ShopRemoved(CORNER))
    world.later(2)
    later = make.NOW + make.DAY
    world.tell(
        OrderChanged(make.order(9, 70, make.NOW)),
        ShopForgotten(CORNER),
        CustomerChanged(make.person("9", "cas@example.nl", changed_at=later)),
        OrderChanged(make.order(1, 60, make.NOW - 3 * make.DAY, refunded=6000, kept=0, changed_at=later)),
        CustomerForgotten(CORNER, "7", "anna@example.nl"),
        ShopForgotten(CORNER),
    )
    assert {name: count for name, count in of_shop(world).items() if count} == {}
    grown = {source: points for source, points in world.sums().items() if booked.get(source) != points}
    assert set(grown) <= {f"order:{world.shop.id}:9"}


@pytest.mark.parametrize("seed", range(4))
def test_whatever_order_messages_come_in_the_other_shop_ends_the_same(
    world: Any, market: Any, start: Any, make: Any, seed: int
) -> None:
    start(hold_days=0)
    both_know_anna(world, market, make)
    story = [OrderChanged(one) for one in _market_story(make)]
    chance = random.Random(seed)
    told = [story, story[::-1], chance.sample(story, len(story)), [*story, *chance.sample(story, 4)]][seed]
    cut = (0, 3, chance.randrange(len(told)), len(told))[seed]
    market.tell(*told[:cut])
    goes(world)
    market.tell(*told[cut:])
    world.later(1)
    theirs = {
        source.replace(f":{market.shop.id}:", ":market:"): points
        for source, points in world.sums().items()
        if f"order:{market.shop.id}:" in source
    }
    assert theirs == {"order:market:1": 30, "order:market:2": 80, "order:market:3": 15, "order:market:4": 100}
    ours = {source: n for source, n in world.sums().items() if f"order:{world.shop.id}:" in source}
    assert ours == {f"order:{world.shop.id}:{n}": points for n, points in ((1, 60), (2, 40), (3, 500))}
    assert balance(market) == 30 + 80 + 15 + 100 + 60 + 40
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert tx.all(text(_WRONG_BALANCES)) == []


_WRONG_BALANCES = """
SELECT m.id FROM members m WHERE m.survivor_id IS NULL AND balance <>
  (SELECT coalesce(sum(points), 0) FROM entries e JOIN members s ON s.id = e.member_id
    WHERE coalesce(s.survivor_id, s.id) = m.id)
"""


def _market_story(make: Any) -> list[Order]:
    """Orders at the market as they came to be: paid, edited, refunded in part, cancelled and paid anew."""
    placed = make.NOW - 5 * make.DAY
    minutes = [placed + n * timedelta(minutes=1) for n in range(9)]
    return [
        make.order(2, 80, placed, "70"),
        make.order(3, 50, placed, "70", changed_at=minutes[1]),
        make.order(3, 50, placed, "70", changed_at=minutes[2], refunded=3500),
        make.order(4, 90, placed, "70", changed_at=minutes[3]),
        make.order(4, 100, placed, "70", changed_at=minutes[4]),
        make.order(5, 70, placed, "70", changed_at=minutes[5]),
        make.order(5, 70, placed, "70", changed_at=minutes[6], cancelled_at=minutes[6]),
    ]


def balance(market: Any) -> int:
    member = market_member(market, "70")
    return int(next(row.balance for row in market.rows(tables.members) if row.id == member))


def test_what_is_kept_of_a_closed_source_names_no_customer(
    world: Any, market: Any, start: Any, make: Any
) -> None:
    start()
    both_know_anna(world, market, make)
    goes(world)
    kept = [row.record for row in world.rows(tables.acts)]
    assert {record["type"] for record in kept} == {"Closed"}
    assert "customer_id" not in msgspec.json.encode(kept).decode()


def test_a_restore_erases_again_what_was_erased_since_though_the_shop_was_removed_by_then(
    world: Any, market: Any, start: Any, make: Any, tmp_path: Path
) -> None:
    start()
    both_know_anna(world, market, make)
    world.tell(ShopRemoved(CORNER))
    booked = world.sums()
    backup.make(world.house, tmp_path / "house.backup")
    world.later(2)
    world.tell(ShopForgotten(CORNER, timedelta(hours=47)))
    world.house.database.close()
    assert backup.restore(world.house, tmp_path / "house.backup", replace=True).forgotten > 0
    assert {name: count for name, count in of_shop(world).items() if count} == {}
    assert world.sums() == booked
    assert balance(market) == sum(points for source, points in booked.items() if not source.endswith(":3"))
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert shops.get(tx, world.shop.id).forgotten_at == world.now
        assert proofs.broken(tx) == []
