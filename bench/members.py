"""One member: settling them with ever longer histories, and exchanging their points for a code."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta

from bench import meter
from bench.figures import Aim, Figure, Ratio, Size, shown
from bench.ground import CURRENCY, Ground, house, now, start_programme, welcome
from bench.meter import Spread
from connector.flow import redeeming, settling
from connector.house import House
from connector.records import Customer, LineItem, Order
from connector.store import intake, people
from connector.store.shops import Shop

_HISTORIES = (1, 10, 100, 1000)
_SETTLE = (
    "A member with so many orders, all booked, is settled again in one transaction: lock, read"
    " everything, decide, find nothing missing,"
    " write where they stand. Processor time of the process and of PostgreSQL. Settling costs what the"
    " history is long, because it is"
    " always decided from the whole of it."
)
_REDEEM = (
    "A member with ten orders exchanges 100 points for a code: settled, checked, the act, its entry, the"
    " coupon and its push, settled"
    " again, one transaction. Compared with settling the same members once, which it does twice."
)


def measure(ground: Ground, size: Size) -> Figure:
    """Settle members with 1, 10, 100 and 1,000 orders."""
    lengths = _HISTORIES[: size.pick(4, 2)]
    with house(ground.env(ground.database())) as opened:
        shop = _open(opened)
        whose = {
            length: _members(opened, shop, number, length, 1)[0] for number, length in enumerate(lengths)
        }
        found = meter.alternate(
            size.rounds,
            *(lambda it=length: _settle(ground, opened, shop, whose[it], it, size) for length in lengths),
        )
    spreads = dict(zip(lengths, map(Spread.of, found), strict=True))
    rows = tuple((f"{length:,} orders: settling, ms", shown(one)) for length, one in spreads.items())
    most, few = found[-1], found[-2]
    times = lengths[-1] // lengths[-2]
    growth = Spread.of(math.log(long / short, times) for long, short in zip(most, few, strict=True))
    name = f"settling: exponent of its growth from {lengths[-2]:,} to {lengths[-1]:,} orders"
    return Figure("Settling one member", _SETTLE, (Ratio(name, growth, Aim(1.1)),), rows)


def measure_redeeming(ground: Ground, size: Size) -> Figure:
    """Exchange points of many members, each once."""
    each = size.pick(40, 5)
    with house(ground.env(ground.database())) as opened:
        shop = _open(opened)
        members = _members(opened, shop, 0, 10, each * size.rounds)
        rounds = [members[start : start + each] for start in range(0, len(members), each)]
        first, again = iter(rounds), iter(rounds)
        settled, redeemed = meter.alternate(
            size.rounds,
            lambda: meter.costs(lambda: _settle_each(opened, shop, next(again)), ground.server).each(each),
            lambda: meter.costs(lambda: _redeem_each(opened, shop, next(first)), ground.server).each(each),
        )
    ratio = Ratio(
        "a redemption: processor time against settling the same member once", meter.ratios(redeemed, settled)
    )
    rows = (
        ("a redemption, ms", shown(Spread.of(redeemed))),
        ("settling the same member, ms", shown(Spread.of(settled))),
    )
    return Figure("A redemption", _REDEEM, (ratio,), rows)


def _open(house: House) -> Shop:
    shop = welcome(house)
    start_programme(house, shop.merchant_id)
    return shop


def _members(house: House, shop: Shop, first: int, length: int, count: int) -> list[int]:
    """Make so many members with so many orders each, settled; return who they are."""
    ids = [f"{first}-{number}" for number in range(count)]
    made = now() - timedelta(days=300)
    with house.database.merchant(shop.merchant_id) as tx:
        people_there = [Customer(id=one, created_at=made, changed_at=made) for one in ids]
        intake.take_customers(tx, shop.id, people_there, now())
        intake.take_orders(tx, shop.id, [order for one in ids for order in _orders(one, length)], now())
        known = people.known(tx, shop.id, ids)
        members = [known[one].member_id for one in ids]
        settling.settle(tx, members, now())
    return members


def _orders(customer: str, count: int) -> Iterator[Order]:
    for number in range(count):
        at = now() - timedelta(days=290) + timedelta(hours=6 * number)
        lines = (LineItem("1", "A thing", 2, 2, 24_00), LineItem("2", "Another", 1, 1, 11_50))
        ident = f"{customer}-{number}"
        yield Order(
            id=ident, number=ident, currency=CURRENCY, placed_at=at, changed_at=at, paid_at=at, total=35_50,
            lines=lines, customer_id=customer,
        )  # fmt: skip


def _settle(ground: Ground, house: House, shop: Shop, member_id: int, length: int, size: Size) -> float:
    """Settle one member often enough to be counted; return milliseconds of processor time for once."""
    times = max(3, size.pick(200, 20) // max(1, length // 10))
    work = meter.costs(lambda: _settle_each(house, shop, [member_id] * times), ground.server)
    return work.each(times)


def _settle_each(house: House, shop: Shop, members: list[int]) -> None:
    for member_id in members:
        with house.database.merchant(shop.merchant_id) as tx:
            settling.settle(tx, [member_id], now())


def _redeem_each(house: House, shop: Shop, members: list[int]) -> None:
    for member_id in members:
        with house.database.merchant(shop.merchant_id) as tx:
            customer = next(one.customer_id for one in people.owners(tx, [member_id]))
            redeeming.redeem(tx, member_id, shop.id, customer, "five-off", f"act-{member_id}", "bench", now())
