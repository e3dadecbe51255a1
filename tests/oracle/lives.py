"""Real customers, moved in time and place, who live on for years while a worker looks in hourly, daily or hardly ever.

A fact is known from its own moment on; a worker sees it at its first run from then on. Nobody's order depends on what a
worker did, so the three workers see the same lives.
"""

import csv
import gzip
import lzma
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from connector.loyalty.calendar import later
from connector.loyalty.calendar import local as local_day
from connector.loyalty.decide import decide
from connector.loyalty.facts import (
    Act,
    Adjustment,
    Booked,
    BookedCoupon,
    Decision,
    History,
    Redemption,
    Shop,
    ShopCustomer,
    ShopOrder,
)
from connector.loyalty.terms import CurrencyTerms, Reward, StageTags, Tier, Version, suggested
from connector.records import LineItem, Order

CHANGE = msgspec.structs.replace
SANDBOXES = Path(__file__).parents[2] / "adapters"
ZONES = ("Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu")
# The first order of a life comes shortly before one of these: clocks that change, a leap day, a day that was left out.
LANDMARKS = (
    date(2015, 3, 29),
    date(2015, 10, 25),
    date(2016, 2, 29),
    date(2015, 11, 1),
    date(2016, 4, 3),
    date(2015, 8, 31),
    date(2011, 12, 30),
    date(2016, 1, 31),
    date(2018, 12, 31),
)
HOURS = (time(0, 0), time(23, 59), time(1, 30), time(2, 30), time(12, 0))
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
EVERY = {"hourly": timedelta(hours=1), "daily": timedelta(days=1), "sleeping": timedelta(days=40)}


class Bought(NamedTuple):
    """One line of an old history: minor units; a return when less than nothing."""

    customer: int
    day: date
    amount: int


class Life(msgspec.Struct, frozen=True):
    """One member: their shop, the programme's versions, and all that becomes known of them, with since when."""

    customer: int
    shop: Shop
    versions: tuple[Version, ...]
    orders: tuple[tuple[datetime, Order], ...]
    acts: tuple[Act, ...]
    end: datetime

    @property
    def told(self) -> list[datetime]:
        """When something becomes known."""
        return sorted([at for at, _ in self.orders] + [act.at for act in self.acts])

    @property
    def only_grows(self) -> bool:
        """Is no order ever told otherwise than before?"""
        return len({order.id for _, order in self.orders}) == len(self.orders)


def cdnow(path: Path | None = None) -> Iterator[Bought]:
    """Yield what CDNOW's customers bought: the sample that ships, or the whole file."""
    if path is None:
        with gzip.open(SANDBOXES / "magento/sandbox/data/cdnow_sample.csv.gz", "rt") as lines:
            for customer, day, _, cents in csv.reader(lines):
                yield Bought(int(customer), date.fromisoformat(day), int(cents))
        return
    with gzip.open(path, "rt") as lines:
        next(lines)
        for line in lines:
            customer, day, _, dollars = line.split()
            yield Bought(int(customer), date.fromisoformat(day), int(dollars.replace(".", "")))


def retail(path: Path | None = None) -> Iterator[Bought]:
    """Yield what the customers of "Online Retail" bought and brought back, a line for each document."""
    sums: dict[tuple[int, str], Bought] = {}
    with lzma.open(path or SANDBOXES / "shopify/sandbox/data/uci_slice.csv.xz", "rt", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["CustomerID"]:
                key = (int(float(row["CustomerID"])), row["InvoiceNo"])
                cents = round(float(row["UnitPrice"]) * 100) * int(row["Quantity"])
                day = date.fromisoformat(row["InvoiceDate"][:10])
                sums[key] = Bought(key[0], day, cents + (sums[key].amount if key in sums else 0))
    yield from sums.values()


def lives(bought: Iterator[Bought], first: int, every: int) -> Iterator[Life]:
    """Yield the life of every so-manieth customer."""
    lines: dict[int, list[Bought]] = defaultdict(list)
    for one in bought:
        lines[one.customer].append(one)
    for n, customer in enumerate(sorted(lines)):
        if n % every == first and any(one.amount > 0 for one in lines[customer]):
            yield _life(n, customer, sorted(lines[customer], key=lambda one: (one.day, -one.amount)))


def _life(n: int, customer: int, lines: list[Bought]) -> Life:
    shop = Shop(1, "EUR", ZONES[n % len(ZONES)], "tags")
    start = next(one.day for one in lines if one.amount > 0)
    moved = LANDMARKS[n % len(LANDMARKS)] - timedelta(n % 3) - start
    orders: list[tuple[datetime, Order]] = []
    for one in lines:
        at = datetime.combine(one.day + moved, HOURS[(n + len(orders)) % len(HOURS)], ZoneInfo(shop.timezone))
        if one.amount >= 0:
            orders.append((at.astimezone(UTC), _order(len(orders), one.amount, at.astimezone(UTC))))
        elif orders:
            orders.append(_brought_back(orders, -one.amount, at.astimezone(UTC)))
    orders.sort(key=lambda told: told[0])
    last = max(at for at, _ in orders)
    acts, orders = _acts(n, shop, orders)
    return Life(customer, shop, _versions(n, orders), tuple(orders), acts, last + timedelta(730))


def _order(n: int, cents: int, paid: datetime) -> Order:
    return Order(
        id=f"{n:05}",
        number=f"#{n}",
        currency="EUR",
        placed_at=paid,
        changed_at=paid,
        total=cents,
        lines=(LineItem("1", "Thing", 1, 1, cents),),
        customer_id="c",
        paid_at=paid,
    )


def _brought_back(orders: list[tuple[datetime, Order]], cents: int, at: datetime) -> tuple[datetime, Order]:
    """Give money back on the dearest order so far, as much of it as there is."""
    latest = {order.id: order for _, order in orders}
    dearest = max(latest.values(), key=lambda order: (order.total - order.refunded, order.id))
    refunded = min(dearest.total, dearest.refunded + cents)
    at = max(at, dearest.changed_at + timedelta(seconds=1))
    return at, CHANGE(dearest, refunded=refunded, changed_at=at)


def _acts(
    n: int, shop: Shop, orders: list[tuple[datetime, Order]]
) -> tuple[tuple[Act, ...], list[tuple[datetime, Order]]]:
    """Let two in three exchange points after some orders, use every other code, and be given some points once."""
    acts: list[Act] = []
    if n % 3 == 0:
        return (), orders
    found = []
    for k, (at, order) in enumerate(orders):
        # A code that has ended is taken by no shop.
        open_ = [one for one in acts if isinstance(one, Redemption) and one.at <= at < one.coupon_ends_at]
        mine = (
            CHANGE(order, coupon_codes=(open_[-1].code,))
            if open_ and order.refunded == 0 and k % 2
            else order
        )
        found.append((at, mine))
        if order.refunded == 0 and order.total > 30_00 and len(acts) < 6:
            when = at + timedelta(days=16, hours=k % 24)
            ends = later(local_day(when, shop.timezone), 61, shop.timezone)
            acts.append(
                Redemption(
                    id=f"r{k}",
                    at=when,
                    points=20 + k % 40,
                    reward_key="five-off",
                    reward=Reward("amount", 5_00),
                    shop_id=1,
                    customer_id="c",
                    version=1,
                    code=f"CODE{k}",
                    coupon_ends_at=ends,
                    actor="shopper",
                )
            )
    at = orders[0][0] + timedelta(days=3)
    acts.append(Adjustment("a", at, 25, "staff", "sorry", 1))
    # An order changes when it is refunded, and carries its code then too.
    carried = {order.id: order.coupon_codes for _, order in found if order.coupon_codes}
    kept = [(at, CHANGE(order, coupon_codes=carried.get(order.id, ()))) for at, order in found]
    return tuple(acts), kept


def _versions(n: int, orders: list[tuple[datetime, Order]]) -> tuple[Version, ...]:
    """Start before, with or within the life; a second version changes hold, rhythm, win-back and notices."""
    one = CHANGE(
        suggested("EUR"),
        currencies=(CurrencyTerms("EUR"),),
        expiry_months=(6, 12, 1)[n % 3],
        usual_gap=45,
        tiers=(Tier("Silver", 60_00, "silver"), Tier("Gold", 150_00, "gold")),
        tier_window_months=6,
        tier_term_months=6,
    )
    two = CHANGE(
        one,
        hold_days=3,
        usual_gap=20,
        loyal_from=4,
        stage_tags=StageTags(lapsing="quiet", lost="gone"),
        win_back=None if n % 2 else CHANGE(one.win_back, key="again", name="Again"),
        notice_days=(20, 7, 1),
    )
    first = orders[0][0]
    starts = first - timedelta(5) if n % 4 else first + timedelta(50)
    versions = [Version(1, starts, LONG_AGO, one)]
    if n % 2 == 0:
        versions.append(Version(2, starts + timedelta(200), LONG_AGO, two))
    return tuple(versions)


class Worker:
    """Who looks in on one member at runs of one rhythm, and the books they keep."""

    def __init__(self, life: Life, every: timedelta) -> None:
        self.life, self._every = life, every
        self.points: Counter[str] = Counter()
        self.moments: dict[str, datetime] = {}
        self.coupons: dict[tuple[int, str, str], tuple[BookedCoupon, datetime]] = {}
        self.notices: dict[str, tuple] = {}
        self.last: Decision | None = None
        self.looks = 0
        self.at = self._run(life.told[0])

    def _run(self, moment: datetime) -> datetime:
        """Return the first run at or after a moment."""
        runs = -(-(moment - LONG_AGO) // self._every)
        return LONG_AGO + runs * self._every

    def live_until(self, until: datetime) -> None:
        """Make every run that something is due for, up to this moment and with it."""
        while self.at <= until:
            now = self.at
            self.last = self.look(now)
            self.looks += 1
            told = self.life.told
            news = told[bisect_right(told, now) :][:1]
            due = [one for one in (self.last.ask_again_at, *news) if one is not None]
            assert all(one > now for one in due)
            self.at = self._run(min(due)) if due else datetime.max.replace(tzinfo=UTC)

    def look(self, now: datetime) -> Decision:
        """Settle the member as the house does."""
        coupons = tuple(coupon for coupon, _ in self.coupons.values())
        booked = Booked(dict(self.points), coupons, frozenset(self.notices))
        decision = decide(known(self.life, now), self.life.versions, booked, now)
        for entry in decision.entries:
            assert entry.moment <= now
            self.points[entry.source] += entry.points
            self.moments[entry.source] = entry.moment
        for made in decision.coupons:
            key = (made.shop_id, made.source, made.reward_key)
            self.coupons[key] = (
                BookedCoupon(*key, " ".join(map(str, key)), "live", made.ends_at),
                made.starts_at,
            )
        for gone in decision.revoke:
            key = (gone.shop_id, gone.source, gone.reward_key)
            self.coupons[key] = CHANGE(gone, state="revoked"), self.coupons[key][1]
        for notice in decision.notices:
            assert notice.key not in self.notices
            self.notices[notice.key] = (notice.moment, notice.points, notice.good_until, notice.expires_at)
        return decision

    def usable(self, now: datetime) -> dict[tuple[int, str, str], tuple[datetime, datetime]]:
        """Return the coupons that can be used now, with when they began and end."""
        return {
            key: (starts, one.ends_at)
            for key, (one, starts) in self.coupons.items()
            if one.state == "live" and now < one.ends_at
        }


def known(life: Life, now: datetime) -> History:
    """Return what is known by now."""
    orders = {order.id: ShopOrder(1, order) for at, order in life.orders if at <= now}
    acts = tuple(act for act in life.acts if act.at <= now)
    codes = {act.code for act in acts if isinstance(act, Redemption)}
    uses = tuple(one for one in orders.values() if codes.intersection(one.order.coupon_codes))
    customers = (ShopCustomer(1, "c", LONG_AGO),)
    return History((life.shop,), customers, tuple(orders.values()), acts, uses)
