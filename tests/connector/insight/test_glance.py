"""The figures over invented stories, beside a slow and plain counting that shares no code with them."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import psycopg
import pytest
from sqlalchemy import insert, select, text

from connector.insight import glance
from connector.port import ShopFacts
from connector.store import figures, shops
from connector.store.tables import customers, entries, members, orders

ZONE = "Europe/Amsterdam"
DAY = timedelta(days=1)


class Sale(msgspec.Struct, frozen=True):
    """One order as the plain counting sees it; `person` is None where nobody knows by whom it is."""

    person: object
    at: datetime
    currency: str
    total: int
    net: int


class Story:
    """Writes shops, customers and orders of every kind, and reads the sales back one by one."""

    def __init__(self, house: Any, shop: Any, seed: int) -> None:
        self.house, self.shop, self.chance = house, shop, random.Random(seed)
        self.now: datetime = house.now()
        self.mine = {"merchant_id": shop.merchant_id}

    def write(self, count: int) -> None:
        """Write so many orders over 500 days, a few of them to come, on moments where months begin and windows end."""
        with self.house.database.merchant(self.shop.merchant_id) as tx:
            facts = ShopFacts("paper.uk", "Paper UK", "GBP", "Europe/London", "en")
            other = shops.add(tx, "paper", "group", facts, self.now)
            places = (self.shop.id, other.id)
            made = [self.mine | {"created_at": self.now}] * 40
            people = list(tx.run(insert(members).values(made).returning(members.c.id)).scalars())
            tx.run(insert(customers), [self._customer(n, places, people) for n in range(60)])
            tx.run(insert(orders), [self._order(n, places) for n in range(count)])
            tx.run(insert(entries), [self._entry(n, people) for n in range(count // 4)])

    def _customer(self, n: int, places: tuple[int, ...], people: list[int]) -> dict[str, Any]:
        # Forty people have sixty customers: some of them are known to both shops, or twice to one.
        pick = self.chance
        told = {"email_hash": _hash(n % 50) if pick.random() < 0.8 else None}
        at = {"created_at": self.now, "changed_at": self.now, "email_verified": pick.random() < 0.7}
        where = {"shop_id": places[n % 2], "id": f"c{n}", "member_id": pick.choice(people)}
        return self.mine | where | told | at

    def _order(self, n: int, places: tuple[int, ...]) -> dict[str, Any]:
        pick = self.chance
        who = pick.random()
        buyer = {"customer_id": None, "guest_hash": None}
        if who < 0.6:
            buyer["customer_id"] = f"c{min(int(pick.expovariate(0.05)), 59)}"
        elif who < 0.7:
            # A customer of whom we hold nothing.
            buyer["customer_id"] = f"gone{pick.randrange(3)}"
        elif who < 0.95:
            buyer["guest_hash"] = _hash(pick.randrange(80))
        total = pick.choice([0, 5_00, 12_34, 99_99])
        paid = self._moment() if pick.random() < 0.95 else None
        return (
            self.mine
            | buyer
            | {"shop_id": pick.choice(places), "id": f"{n}", "number": f"#{n}", "lines": [], "digest": b""}
            | {"currency": pick.choice(["EUR", "EUR", "EUR", "GBP", "USD"]), "kept_goods": 0}
            | {"placed_at": self.now, "changed_at": self.now, "paid_at": paid}
            | {"cancelled_at": self.now if pick.random() < 0.05 else None}
            | {"removed_at": self.now if pick.random() < 0.05 else None, "test": pick.random() < 0.05}
            | {"total": total, "refunded_shipping": 0}
            | {"refunded": pick.randrange(total + 1) if pick.random() < 0.2 else 0}
        )

    def _entry(self, n: int, people: list[int]) -> dict[str, Any]:
        at = {"moment": self._moment(), "booked_at": self.now, "points": self.chance.randrange(-20, 80)}
        what = {"source": f"order:{n}", "rule": "order", "version": 1, "inputs": {}}
        return self.mine | {"member_id": self.chance.choice(people)} | at | what

    def _moment(self) -> datetime:
        pick = self.chance
        month = datetime(2025 + pick.randrange(2), pick.randrange(1, 13), 1, tzinfo=ZoneInfo(ZONE))
        edges = [month, month - timedelta(microseconds=1), *(self.now - n * DAY for n in (0, 90, 180, 365))]
        edge = pick.choice(edges).astimezone(UTC)
        if pick.random() < 0.2 and edge < self.now + DAY:
            return edge
        return self.now - pick.uniform(-1, 500) * DAY

    def sales(self) -> list[Sale]:
        """Every order that counts, each looked at by itself."""
        with self.house.database.merchant(self.shop.merchant_id) as tx:
            known = tx.all(select(customers))
            rows = tx.all(select(orders))
        owner = {(one.shop_id, one.id): one.member_id for one in known}
        found = []
        for row in rows:
            gone = row.cancelled_at or row.removed_at or row.test
            if row.paid_at is None or gone or row.total <= 0 or row.paid_at >= self.now:
                continue
            if row.customer_id is not None:
                person: object = owner.get((row.shop_id, row.customer_id))
            elif row.guest_hash is not None:
                claims = [
                    one.member_id
                    for one in known
                    if one.email_verified and (one.shop_id, one.email_hash) == (row.shop_id, row.guest_hash)
                ]
                person = min(claims) if claims else row.guest_hash
            else:
                person = None
            found.append(Sale(person, row.paid_at, row.currency, row.total, row.total - row.refunded))
        return found


def _hash(n: int) -> bytes:
    return bytes([n]) * 32


def month_of(at: datetime) -> date:
    """The month in which the merchant's clocks put a moment."""
    return at.astimezone(ZoneInfo(ZONE)).date().replace(day=1)


def plain_people(sales: list[Sale], now: datetime) -> dict[str, Any]:
    """The persons, gone through one by one."""
    by_person: dict[object, list[datetime]] = defaultdict(list)
    for sale in sales:
        if sale.person is not None:
            by_person[sale.person].append(sale.at)
    told: dict[str, Any] = dict.fromkeys(
        ("at_start", "at_end", "new", "kept", "known", "returning", "buyers", "orders"), 0
    )
    for times in by_person.values():
        before = any(now - 180 * DAY <= at < now - 90 * DAY for at in times)
        after = any(at >= now - 90 * DAY for at in times)
        of_year = sum(at >= now - 365 * DAY for at in times)
        told["at_start"] += before
        told["at_end"] += after
        told["new"] += after and min(times) >= now - 90 * DAY
        told["kept"] += before and after
        told["known"] += 1
        told["returning"] += len(times) > 1
        told["buyers"] += of_year > 0
        told["orders"] += of_year
    return told | {"first_at": min(min(times) for times in by_person.values())}


def plain_sold(sales: list[Sale], now: datetime) -> list[tuple[str, int, int]]:
    """What was sold in the year by currency, with its orders, the most first."""
    year = [sale for sale in sales if sale.at >= now - 365 * DAY]
    found = []
    for currency in {sale.currency for sale in year}:
        mine = [sale.total for sale in year if sale.currency == currency]
        found.append((currency, sum(mine), len(mine)))
    return sorted(found, key=lambda one: (-one[2], one[0]))


def plain_months(sales: list[Sale], since: date) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The months: orders that were somebody's first and that were not; takings of new people and of others."""
    placed: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    taken: dict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0])
    began: dict[object, datetime] = {}
    for sale in sorted((one for one in sales if one.person is not None), key=lambda one: one.at):
        first = sale.person not in began
        began.setdefault(sale.person, sale.at)
        month = month_of(sale.at)
        if month >= since:
            placed[month][0 if first else 1] += 1
            new = month_of(began[sale.person]) == month
            taken[month, sale.currency][0 if new else 1] += sale.net
    return (
        [(month, *counts) for month, counts in sorted(placed.items())],
        [(*key, *amounts) for key, amounts in sorted(taken.items())],
    )


def plain_held(house: Any, merchant_id: int, now: datetime) -> list[tuple[date, int]]:
    """The points held when each of the last ninety days ended."""
    with house.database.merchant(merchant_id) as tx:
        booked = tx.all(select(entries.c.moment, entries.c.points))
    today = now.astimezone(ZoneInfo(ZONE)).date()
    days = [today - n * DAY for n in reversed(range(90))]
    dated = [(one.moment.astimezone(ZoneInfo(ZONE)).date(), one.points) for one in booked]
    return [(day, sum(points for at, points in dated if at <= day)) for day in days]


@pytest.mark.parametrize("seed", range(3))
def test_six_hundred_invented_orders_come_out_as_when_each_is_looked_at_by_itself(
    house: Any, shop: Any, seed: int
) -> None:
    story = Story(house, shop, seed)
    story.write(600)
    sales, now = story.sales(), story.now
    with house.database.merchant(shop.merchant_id) as tx:
        found = glance.count(tx, now, ZONE)
    assert len(sales) > 300
    assert any(sale.person is None for sale in sales)
    assert any(isinstance(sale.person, bytes) for sale in sales)
    assert msgspec.structs.asdict(found.people) == plain_people(sales, now)
    assert [msgspec.structs.astuple(one) for one in found.sold] == plain_sold(sales, now)
    months, taken = plain_months(sales, date(2025, 11, 1))
    assert len(months) == 13
    assert [msgspec.structs.astuple(one) for one in found.months] == months
    assert [msgspec.structs.astuple(one) for one in found.takings] == taken
    assert [msgspec.structs.astuple(one) for one in found.held] == plain_held(house, shop.merchant_id, now)


def test_who_began_at_the_first_moment_of_the_charts_is_new_there_and_who_began_before_it_is_not(
    house: Any, shop: Any
) -> None:
    story, first = Story(house, shop, 9), datetime(2025, 10, 31, 23, tzinfo=UTC)  # November, in Amsterdam
    earlier = first - timedelta(microseconds=1)
    plain = story._order(0, (shop.id,)) | {"cancelled_at": None, "removed_at": None, "test": False}
    plain |= {"customer_id": None, "total": 10_00, "refunded": 2_50, "currency": "EUR"}
    bought = [(b"a" * 32, first), (b"b" * 32, earlier), (b"b" * 32, first + DAY)]
    with house.database.merchant(shop.merchant_id) as tx:
        rows = [plain | {"guest_hash": who, "paid_at": at} for who, at in bought]
        tx.run(insert(orders), [row | {"id": f"{n}", "number": f"#{n}"} for n, row in enumerate(rows)])
        found = glance.count(tx, story.now, ZONE)
    assert found.months == (figures.Month(date(2025, 11, 1), first=1, again=1),)
    assert found.takings == (figures.Takings(date(2025, 11, 1), "EUR", new=7_50, returning=7_50),)


def test_without_a_single_order_everything_is_none(house: Any, shop: Any) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        found = glance.count(tx, house.now(), ZONE)
    assert msgspec.structs.astuple(found.people) == (0, 0, 0, 0, 0, 0, 0, 0, None)
    assert (found.sold, found.months, found.takings) == ((), (), ())


def plan(house: Any, shop: Any, *settings: str) -> str:
    """How PostgreSQL would count for the application's role, behind the walls between merchants."""
    with house.database.merchant(shop.merchant_id) as tx, figures.counting(tx):
        for one in settings:
            tx.run(text(f"SET LOCAL {one}"))
        asked = figures.asked(tx, glance.spans(house.now(), ZONE))
        rows = tx.all(text(f"EXPLAIN {figures.COUNT.text}").bindparams(**asked))
    return "\n".join(row[0] for row in rows)


def test_tables_that_nobody_has_analysed_are_counted_without_comparing_each_with_each(
    house: Any, shop: Any
) -> None:
    Story(house, shop, 4).write(600)
    told = plan(house, shop)
    assert "Hash" in told
    assert not any(word in told for word in ("Nested Loop", "Merge", "Gather"))


def test_who_bought_when_is_read_from_two_indexes_and_from_no_order(
    house: Any, shop: Any, database: Any
) -> None:
    Story(house, shop, 5).write(600)
    with psycopg.connect(database.owner_url.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute("VACUUM ANALYZE orders")
    told = plan(house, shop, "enable_seqscan = off", "enable_bitmapscan = off")
    assert "Index Only Scan using orders_of_customer" in told
    assert "Index Only Scan using orders_of_guest" in told
