"""What a programme would do for a customer, told by the rules themselves on a made-up history."""

from datetime import datetime, timedelta

import msgspec

from connector.loyalty.decide import decide
from connector.loyalty.facts import Booked, Decision, History, Shop, ShopCustomer, ShopOrder, Stage
from connector.loyalty.terms import Terms, Version
from connector.records import LineItem, Order

SPACING = timedelta(30)  # between the made-up orders


class Step(msgspec.Struct, frozen=True):
    """Where the customer stands when this many such orders are paid, `SPACING` apart.

    `points` with those still in their hold; `coupons` are the titles of those that this order brings.
    """

    orders: int
    points: int
    tier: str | None
    coupons: tuple[str, ...]
    redeemables: tuple[str, ...]  # names of what the points are enough for
    stage: Stage


class Silence(msgspec.Struct, frozen=True):
    """What follows when no order comes after the last step. `coupons`: titles of those that the lapse brings."""

    lapsing_at: datetime | None
    lost_at: datetime | None
    coupons: tuple[str, ...]


class Example(msgspec.Struct, frozen=True):
    """One order of `amount` (minor units of the merchant's currency), and what follows when more come."""

    amount: int
    currency: str
    points: int
    available_at: datetime | None  # None: it earns nothing
    expires_at: datetime | None  # None: never
    steps: tuple[Step, ...]
    quiet: Silence


def example(terms: Terms, amount: int, now: datetime, *, timezone: str = "UTC", orders: int = 5) -> Example:
    """Return what `orders` orders of `amount`, the first one paid now, would do under these terms."""
    shop = Shop(1, terms.currency, timezone, "tags")
    version = Version(1, now, now, terms)
    paid = [_order(n, amount, terms.currency, now + SPACING * n) for n in range(orders)]
    told = [_told(shop, version, paid[: n + 1]) for n in range(orders)]
    first = told[0].standing
    available_at = first.pending[0].available_at if first.pending else now
    arrived = decide(_history(shop, paid[:1]), (version,), Booked({}), available_at).standing
    return Example(
        amount=amount,
        currency=terms.currency,
        points=arrived.balance,
        available_at=available_at if arrived.balance else None,
        expires_at=arrived.lots[0].expires_at if arrived.lots else None,
        steps=tuple(_step(n, decision, terms) for n, decision in enumerate(told, start=1)),
        quiet=_silence(shop, version, paid, told[-1]),
    )


def _silence(shop: Shop, version: Version, paid: list[Order], last: Decision) -> Silence:
    lapsing_at = last.standing.lapsing_at
    if lapsing_at is None:
        return Silence(None, None, ())
    given = decide(_history(shop, paid), (version,), Booked({}), lapsing_at).coupons
    titles = tuple(one.title for one in given if one.source.startswith("lapse:"))
    return Silence(lapsing_at, last.standing.lost_at, titles)


def _told(shop: Shop, version: Version, paid: list[Order]) -> Decision:
    return decide(_history(shop, paid), (version,), Booked({}), paid[-1].placed_at)


def _history(shop: Shop, paid: list[Order]) -> History:
    customer = ShopCustomer(shop.id, "example", paid[0].placed_at)
    return History((shop,), (customer,), tuple(ShopOrder(shop.id, order) for order in paid))


def _order(n: int, amount: int, currency: str, paid_at: datetime) -> Order:
    return Order(
        id=str(n),
        number=f"#{n + 1}",
        currency=currency,
        placed_at=paid_at,
        changed_at=paid_at,
        total=amount,
        lines=(LineItem("1", "", 1, 1, amount),),
        customer_id="example",
        paid_at=paid_at,
    )


def _step(n: int, decision: Decision, terms: Terms) -> Step:
    standing = decision.standing
    points = standing.balance + sum(one.points for one in standing.pending)
    return Step(
        orders=n,
        points=points,
        tier=standing.tier,
        coupons=tuple(one.title for one in decision.coupons if one.source == f"order:1:{n - 1}"),
        redeemables=tuple(one.name for one in terms.redeemables if one.points <= points),
        stage=standing.stage,
    )
