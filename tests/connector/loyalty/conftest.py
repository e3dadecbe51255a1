"""A member to tell stories with: orders come and change, time passes, the books fill up.

`member(terms)` makes one in a shop in Amsterdam that keeps its books in euros; `settle(now)` decides and books, as the
house does; everything else states facts. Amounts are minor units.
"""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from connector.loyalty.decide import decide
from connector.loyalty.facts import (
    Act,
    Adjustment,
    Booked,
    BookedCoupon,
    Decision,
    Entry,
    History,
    Notice,
    Redemption,
    Shop,
    ShopCustomer,
    ShopOrder,
)
from connector.loyalty.terms import CurrencyTerms, Reward, Terms, Version
from connector.records import LineItem, Order

AMSTERDAM = Shop(1, "EUR", "Europe/Amsterdam", "tags")
FIVE_OFF = Reward("amount", 5_00)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
P0 = Terms(currency="EUR", currencies=(CurrencyTerms("EUR"),))


def at(text: str, zone: str = "Europe/Amsterdam") -> datetime:
    """Read a local time such as "2026-11-01 10:00" (a date alone: its midnight) as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


class Member:
    """One member's facts and books."""

    def __init__(self, terms: Terms = P0, *, shops: tuple[Shop, ...] = (AMSTERDAM,)) -> None:
        self.versions: tuple[Version, ...] = (Version(1, LONG_AGO, LONG_AGO, terms),)
        self.shops = shops
        self.customers = tuple(ShopCustomer(shop.id, f"c{shop.id}", LONG_AGO) for shop in shops)
        self.orders: dict[tuple[int, str], Order] = {}
        self.acts: dict[str, Act] = {}
        self.strangers: list[ShopOrder] = []
        self.points: Counter[str] = Counter()
        self.coupons: dict[tuple[int, str, str, int], BookedCoupon] = {}
        self.entries: list[Entry] = []
        self.notices: list[Notice] = []

    # --- facts

    def buys(
        self, id: str, goods: int | tuple[int, ...], paid: datetime, shop: int = 1, **more: object
    ) -> Order:
        """Let an order be paid; `goods` per line."""
        currency = next(one.currency for one in self.shops if one.id == shop)
        amounts = goods if isinstance(goods, tuple) else (goods,)
        lines = tuple(
            LineItem(f"{id}-{n}", "Soap", 1, 1, amount) for n, amount in enumerate(amounts, start=1)
        )
        order = Order(
            id=id,
            number=f"#{id}",
            currency=currency,
            placed_at=paid,
            changed_at=paid,
            total=sum(amounts),
            lines=lines,
            customer_id=f"c{shop}",
            paid_at=paid,
        )
        return self.knows(msgspec.structs.replace(order, **more), shop)

    def knows(self, order: Order, shop: int = 1) -> Order:
        self.orders[shop, order.id] = order
        return order

    def changes(self, id: str, shop: int = 1, **more: object) -> Order:
        """Let the order stand otherwise; a second later unless `changed_at` says when."""
        order = self.orders[shop, id]
        more.setdefault("changed_at", order.changed_at + timedelta(seconds=1))
        return self.knows(msgspec.structs.replace(order, **more), shop)

    def redeems(
        self,
        id: str,
        points: int,
        when: datetime,
        *,
        until: datetime | None = None,
        shop: int = 1,
        reward: Reward = FIVE_OFF,
    ) -> Redemption:
        act = Redemption(
            id=id,
            at=when,
            points=points,
            reward_key="five-off",
            reward=reward,
            shop_id=shop,
            customer_id=f"c{shop}",
            version=1,
            code=f"CODE{id}",
            coupon_ends_at=until or when + timedelta(60),
            actor="shopper",
        )
        self.acts[act.source] = act
        return act

    def refused(self, id: str, when: datetime) -> None:
        act = self.acts[f"redemption:{id}"]
        self.acts[act.source] = msgspec.structs.replace(act, state="refused", closed_at=when)

    def adjusted(self, id: str, points: int, when: datetime) -> Adjustment:
        act = Adjustment(id, when, points, "staff:1", "sorry", 1)
        self.acts[act.source] = act
        return act

    def publishes(self, terms: Terms, starts_at: datetime, counts_from: datetime = LONG_AGO) -> None:
        self.versions = (*self.versions, Version(len(self.versions) + 1, starts_at, counts_from, terms))

    # --- what follows

    @property
    def history(self) -> History:
        orders = tuple(ShopOrder(shop, order) for (shop, _), order in self.orders.items())
        codes = {act.code for act in self.acts.values() if isinstance(act, Redemption)}
        codes |= {coupon.code for coupon in self.coupons.values()}
        uses = tuple(one for one in (*orders, *self.strangers) if codes.intersection(one.order.coupon_codes))
        return History(self.shops, self.customers, orders, tuple(self.acts.values()), uses)

    @property
    def booked(self) -> Booked:
        written = frozenset(notice.key for notice in self.notices)
        return Booked(dict(self.points), tuple(self.coupons.values()), written)

    def decide(self, now: datetime) -> Decision:
        return decide(self.history, self.versions, self.booked, now)

    def settle(self, now: datetime) -> Decision:
        """Decide, and book what is decided."""
        decision = self.decide(now)
        for entry in decision.entries:
            self.points[entry.source] += entry.points
            self.entries.append(entry)
        self.notices.extend(decision.notices)
        for coupon in decision.coupons:
            attempt = sum(
                1 for key in self.coupons if key[:3] == (coupon.shop_id, coupon.source, coupon.reward_key)
            )
            key = (coupon.shop_id, coupon.source, coupon.reward_key, attempt)
            code = f"{coupon.reward_key}-{coupon.source}-{attempt}".upper()
            self.coupons[key] = BookedCoupon(*key[:3], code, "live", coupon.ends_at, coupon.kind)
        for gone in decision.revoke:
            for key, coupon in self.coupons.items():
                if coupon == gone:
                    self.coupons[key] = msgspec.structs.replace(coupon, state="revoked")
        return decision

    def balance(self, now: datetime) -> int:
        """Settle, and return the balance the books give."""
        decision = self.settle(now)
        assert decision.standing.balance == self.points.total()
        assert sum(lot.left for lot in decision.standing.lots) == max(decision.standing.balance, 0)
        return decision.standing.balance


@pytest.fixture(scope="session")
def member() -> type[Member]:
    return Member


@pytest.fixture(scope="session")
def local() -> Callable[..., datetime]:
    return at


@pytest.fixture(scope="session")
def p0() -> Terms:
    return P0
