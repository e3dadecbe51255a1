"""The doctor, with each fault planted: it is found, named by a stable word, and comes with what to do."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from connector import doctor
from connector.doctor import Finding
from connector.house import House, clock, furnish
from connector.port import Condition, Delivery, Refused, ShopAdapter, ShopFacts, TryLater, Unauthorized
from connector.pulse import Pulse
from connector.store import heard, inbox, runs, shops, tables, tallies, vaults
from connector.store.shops import Shop

WELL = Condition(ahead=timedelta(seconds=2))


class Line:
    """A line that says of itself what the test wants."""

    def __init__(self, says: Callable[[], Condition]) -> None:
        self.says = says
        self.asked: list[str] = []

    def examine(self, address: str) -> Condition:
        self.asked.append(address)
        return self.says()


@pytest.fixture
def line() -> Line:
    return Line(lambda: WELL)


@pytest.fixture
def house(env: dict[str, str], paper: ModuleType, line: Line) -> Iterator[House]:
    class Answering(paper.PaperPlatform):  # type: ignore[name-defined,misc]
        def open(self, *_: Any) -> ShopAdapter:
            return line  # type: ignore[return-value]

    made = furnish(env, {"paper": Answering()}, clock)
    yield made
    made.close()


@pytest.fixture
def shop(house: House, paper: ModuleType) -> Shop:
    """The shop `paper.example`, installed just now: the doctor goes by the real clock."""
    made: Shop = paper.shop.__wrapped__(house)
    with house.database.merchant(made.merchant_id) as tx:
        tx.run(update(tables.shops).values(installed_at=clock()))
        return shops.get(tx, made.id)


@pytest.fixture
def working(house: House) -> None:
    Pulse(house, "worker").beat()


def look(house: House, patience: float = 10.0) -> list[Finding]:
    return list(doctor.look(house, patience))


def sick(house: House, patience: float = 10.0) -> dict[str, Finding]:
    found = {finding.check: finding for finding in look(house, patience) if not finding.well}
    assert all(finding.what_to_do for finding in found.values()), "a finding without a cure"
    return found


def test_a_house_in_order_is_well_in_every_part(house: House, shop: Shop, working: None, line: Line) -> None:
    found = look(house)
    assert [finding for finding in found if not finding.well] == []
    assert [finding.check for finding in found if finding.check not in ("platform",)] == [
        "settings", "database", "migrations", "clock", "keys", "worker", "parked", "waiting",
        "privacy.proofs", "shop.line", "shop.rights", "shop.webhooks", "shop.clock",
    ]  # fmt: skip
    assert line.asked == [f"{house.settings.public_url}/webhooks/paper"]


@pytest.mark.parametrize(
    ("condition", "check", "word"),
    [
        (Condition(missing_rights=("read_orders",)), "shop.rights", "read_orders"),
        (
            Condition(missing_topics=("orders/paid", "orders/edited")),
            "shop.webhooks",
            "orders/paid, orders/edited",
        ),
        (Condition(ahead=timedelta(seconds=61)), "shop.clock", "61 seconds ahead"),
        (Condition(ahead=timedelta(seconds=-600)), "shop.clock", "600 seconds behind"),
        (Condition(other_version="2025-01"), "shop.version", "2025-01"),
        (Condition(access_until=datetime(2026, 1, 2, tzinfo=UTC)), "shop.access", "2026-01-02"),
        (Condition(withheld=("name", "email")), "shop.withheld", "no names and e-mail addresses"),
        (Condition(faults=({"en": "Switch the proxy's header on."},)), "shop.settings", "stands in our way"),
        (Condition(stray_topics=("orders/paid", "orders/paid")), "shop.strays", "sends orders/paid twice"),
    ],
)
def test_what_is_wrong_with_a_line_is_named(
    house: House, shop: Shop, working: None, line: Line, condition: Condition, check: str, word: str
) -> None:
    line.says = lambda: condition
    [found] = sick(house).values()
    assert (found.check, found.about) == (check, "shop paper.example")
    assert word in found.says


def test_what_a_shop_could_have_beside_is_said_and_is_no_fault(
    house: House, shop: Shop, working: None, line: Line
) -> None:
    line.says = lambda: Condition(notes=({"en": "Tick this and it is quicker.", "nl": "Vink dit aan."},))
    assert sick(house) == {}
    [found] = [one for one in look(house) if one.check == "shop.notes"]
    assert (found.about, found.says) == ("shop paper.example", "Tick this and it is quicker.")


def test_webhooks_of_another_version_or_under_an_old_secret_are_told_while_they_come(
    house: House, shop: Shop, working: None, line: Line
) -> None:
    moment = house.now()
    for hours in (3.0, 0.5):
        with house.database.merchant(shop.merchant_id) as tx:
            heard.oddly(tx, shop.id, "2027-01", True, moment - timedelta(hours=hours))
    found = sick(house)
    assert set(found) == {"shop.webhook_version", "shop.old_secret"}
    assert "2027-01" in found["shop.webhook_version"].says
    assert f"{moment - timedelta(hours=3):%Y-%m-%d %H:%M} UTC" in found["shop.old_secret"].says
    later = msgspec.structs.replace(house, now=lambda: moment + timedelta(days=2))
    assert {finding.check for finding in look(later)} & set(found) <= set()


def test_the_hour_after_a_rotation_is_no_finding(house: House, shop: Shop, working: None, line: Line) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        heard.oddly(tx, shop.id, "", True, house.now() - timedelta(minutes=50))
        heard.oddly(tx, shop.id, "", True, house.now())
    assert sick(house) == {}


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (Unauthorized("The shop no longer accepts our keys; connect it again."), "connects the shop again"),
        (Refused("Knows no such version."), "put right there"),
        (TryLater("The shop cannot be reached."), "goes out by itself"),
        (KeyError("a fault of ours"), "fault of Comeback's own"),
    ],
)
def test_a_shop_that_does_not_answer_well_is_named_with_its_cure(
    house: House, shop: Shop, working: None, line: Line, error: Exception, cure: str
) -> None:
    def fails() -> Condition:
        raise error

    line.says = fails
    found = sick(house)["shop.line"]
    assert cure in found.what_to_do
    assert "Traceback" not in found.says


def test_a_shop_that_hangs_does_not_keep_the_others_or_the_doctor(
    house: House, shop: Shop, working: None, line: Line
) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        for n in range(20):
            facts = ShopFacts(f"more-{n}.example", "More", "EUR", "Europe/Amsterdam")
            more = shops.add(tx, "paper", "tags", facts, house.now())
            vaults.keep(tx, more.id, b"tokens")
    free, first = threading.Event(), iter([True])

    def answers() -> Condition:
        if next(first, False):
            free.wait(60)
        return WELL

    line.says = answers
    began = time.monotonic()
    found = [finding for finding in look(house, patience=6.0) if finding.check == "shop.line"]
    took = time.monotonic() - began
    free.set()
    assert took < 30
    assert sorted(finding.well for finding in found) == [False] + [True] * 20
    assert {finding.says for finding in found} == {"answers", "did not answer in time"}


def test_tokens_that_no_key_opens_are_a_matter_of_keys(
    env: dict[str, str], house: House, shop: Shop, working: None
) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE shops SET tokens_sealed = decode('0102', 'hex') || tokens_sealed"
        )
    assert "ENCRYPTION_KEYS" in sick(house)["shop.keys"].what_to_do


def test_workers_are_missed_where_they_are_needed(house: House, line: Line) -> None:
    assert [f.says for f in look(house) if f.check == "worker"] == [
        "none runs; none is needed before a shop is connected"
    ]
    long_ago = house.now() - timedelta(seconds=125)
    with house.database.everyone() as connection:
        sign = tallies.Process("w1", "worker", "0.1.0", long_ago, long_ago)
        tallies.show_life(connection, sign, timedelta(days=1))
    # 125, and what the looking takes.
    assert re.search(r"\b1[2-9]\d seconds", sick(house)["worker"].says)


def test_a_worker_that_was_killed_is_told_from_one_that_is_late_and_of_those_that_run_the_last_sign(
    house: House,
) -> None:
    for id, ago in (("killed", 15), ("late", 16), ("later", 18)):
        seen_at = house.now() - timedelta(seconds=ago)
        with house.database.everyone() as connection:
            sign = tallies.Process(id, "worker", "0.1.0", seen_at, seen_at)
            tallies.show_life(connection, sign, timedelta(days=1))

    def says() -> str:
        return next(found.says for found in look(house) if found.check == "worker")

    with house.database.alone(tallies.lock_of("later"), 0):
        with house.database.alone(tallies.lock_of("late"), 0):
            # 16 and 18, and what the looking takes.
            assert re.fullmatch(r"2 running, last seen [1-5]\d seconds ago", says())
        assert re.fullmatch(r"1 running, last seen [1-5]\d seconds ago", says())
    assert re.fullmatch(r"none has been seen for [1-5]\d seconds", says())


def test_what_waits_too_long_or_was_put_aside_is_counted(house: House, shop: Shop, working: None) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        for n in range(3):
            inbox.keep(
                tx, shop.id, Delivery(f"d{n}", "t", b"{}"), "webhook", house.now() - timedelta(minutes=20)
            )
        inbox.park(tx, shop.id, inbox.waiting(tx, shop.id, house.now(), 1)[0].id, 6, "why", house.now())
    found = sick(house)
    assert "1 messages or changes need a look" in found["parked"].says
    assert "2 messages or changes wait, the oldest for 20 minutes" in found["waiting"].says


@pytest.mark.parametrize(("minutes", "told"), [(4, False), (90, True)])
def test_a_shop_that_asked_to_be_left_alone_for_long_is_named_with_until_when(
    house: House, shop: Shop, working: None, minutes: int, told: bool
) -> None:
    until = house.now() + timedelta(minutes=minutes)
    with house.database.merchant(shop.merchant_id) as tx:
        shops.leave_alone_until(tx, shop.id, until)
    found = sick(house)
    assert ("shop.waits" in found) == told
    assert not told or f"until {until:%Y-%m-%d %H:%M} UTC" in found["shop.waits"].says


def test_a_history_that_could_not_be_read_to_its_end_is_told_with_why(
    house: House, shop: Shop, working: None
) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        run = runs.begin(tx, shop.id, "import", house.now())
        assert "shop.import" not in sick(house)
        runs.fail(tx, run, house.now(), "The shop shows no orders.")
    assert sick(house)["shop.import"].says.endswith("to the end: The shop shows no orders.")


@pytest.mark.parametrize(("minutes", "told"), [(59, False), (61, True)])
def test_a_polled_shop_that_was_not_read_to_its_end_for_an_hour_is_named(
    house: House, shop: Shop, working: None, minutes: int, told: bool
) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        shops.looked_until(tx, shop.id, house.now() - timedelta(minutes=minutes))
    assert "shop.unread" not in sick(house), "a shop that sends its changes is read less often"
    vars(house.platforms["paper"])["polled"] = True
    found = sick(house)
    assert ("shop.unread" in found) == told
    assert not told or "has not been read to its end since" in found["shop.unread"].says


def test_a_database_with_another_clock_is_found_out(env: dict[str, str], paper: ModuleType) -> None:
    late = furnish(env, {"paper": paper.PaperPlatform()}, lambda: clock() - timedelta(minutes=5))
    [found] = [finding for finding in look(late) if finding.check == "clock"]
    assert (found.well, "seconds ahead of" in found.says) == (False, True)
    late.close()


def test_a_new_database_is_said_to_be_new_and_what_makes_its_tables(house: House, database: Any) -> None:
    import psycopg

    with psycopg.connect(database.owner_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP TABLE alembic_version")
    assert sick(house)["migrations"].what_to_do == (
        "There are no tables yet; run `comeback migrate`, or `comeback serve`, which makes them too."
    )
    # Nobody who begins by the book hears it: the tables are made before anything is looked at.
    begin = (Path(__file__).parents[2] / "docs" / "operations.md").read_text().partition("## Start it")[2]
    assert re.findall(r"^    .venv/bin/comeback (\w+)", begin, re.MULTILINE)[:4] == [
        "secrets",
        "migrate",
        "doctor",
        "serve",
    ]


def test_tables_of_another_version_are_a_matter_of_migrating(house: House, database: Any) -> None:
    import psycopg

    with psycopg.connect(database.owner_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    assert "comeback migrate" in sick(house)["migrations"].what_to_do


def test_a_shop_that_waits_to_be_connected_again_is_asked_all_the_same(
    house: House, shop: Shop, working: None, line: Line
) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        shops.needs_reconnect(tx, shop.id)
    line.says = lambda: Condition(missing_rights=("the right to see orders",))
    found = sick(house)
    assert set(found) == {"shop.line", "shop.rights"}
    assert "the right to see orders" in found["shop.rights"].says
    assert "no longer accepts our token" in found["shop.line"].says

    def dead() -> Condition:
        raise Unauthorized("no longer accepts our keys")

    # One that is polled is tried again by itself, so nobody has to connect it again.
    house.platforms["paper"].polled = True
    found = sick(house)
    assert "for want of a right" in found["shop.line"].says
    assert "ticks what is named there" in found["shop.line"].what_to_do == found["shop.rights"].what_to_do
    line.says = lambda: WELL
    [found_well] = sick(house).values()
    assert found_well.says == "turned us away, and lets us in again"
    line.says = dead
    assert [one.check for one in look(house) if one.about == f"shop {shop.address}"] == ["shop.line"]
