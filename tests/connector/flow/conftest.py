"""A corner shop in memory: a whole platform on one page, so that the house's roads can be walked without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from flask import Blueprint
from sqlalchemy import select

from connector import config, rounds
from connector.flow import programme, welcoming
from connector.house import House, furnish
from connector.loyalty.terms import StageTags, Terms, suggested
from connector.port import (
    BadSignature,
    Batch,
    Change,
    Choice,
    CodeRefused,
    CodeResult,
    CodeTaken,
    Counts,
    CouponMade,
    CustomerChanged,
    Delivery,
    Gift,
    Installed,
    LeftAlone,
    Marked,
    MarkKind,
    Numbers,
    OrderChanged,
    OutcomeUnknown,
    PersonWord,
    Refused,
    Setting,
    ShopError,
    ShopFacts,
    ShopLine,
    Shopper,
    Shown,
    TokenVault,
    Window,
)
from connector.records import Card, Coupon, CouponKind, Customer, LineItem, Order
from connector.store import inbox, merchants, shops
from connector.store.shops import Shop
from connector.store.tables import cards, coupons, customers, entries, marks, members, outbox

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class Corner:
    """The platform and its only shop in one (port.Platform, port.ShopAdapter)."""

    name = "corner"
    title = "Corner"
    mark_kind: MarkKind = "tags"
    binds_coupons = True
    gives: frozenset[Gift] = frozenset(get_args(Gift))
    shows_cards, keeps_cards, codes_outlive = False, False, timedelta(0)
    polled = False
    privacy_topics = ("forget",)

    def __init__(self) -> None:
        self.order_book: dict[str, Order] = {}
        self.people: dict[str, Customer] = {}
        self.tags: dict[str, set[str]] = {}
        self.codes: dict[str, Coupon] = {}
        self.foreign_codes: set[str] = set()
        self.refused_codes: set[str] = set()
        self.given: list[Coupon] = []  # gift cards and store credits, in the order they were given
        self.trouble: list[ShopError] = []  # what the next calls answer
        self.lose_answers = 0  # so many coupon calls work, and their answer is lost
        self.calls: list[str] = []
        self.used_codes: set[str] = set()
        self.cards: dict[str, Card] = {}
        self.let_go: list[str] = []  # old codes, as they were asked for
        self.showings: list[int] = []  # how many cards went in each call
        self.meanwhile: Callable[[], object] | None = None  # happens once while a mark is being written
        self.puzzling: set[str] = set()  # customers whose marks break the adapter
        self.hides_before: datetime | None = None  # orders placed before are not shown
        self.refuses_facts: ShopError | None = None
        self.withholds: tuple[PersonWord, ...] = ()
        self.forbids: tuple[CouponKind, ...] = ()
        self.says = FACTS

    # platform
    def settings(self, env: Mapping[str, str]) -> tuple[Setting, ...]:
        return ()

    def callbacks(self, env: Mapping[str, str], hall: object) -> Blueprint | None:
        return None

    def pages(self, env: Mapping[str, str], hall: object) -> Blueprint:
        return Blueprint(self.name, __name__)

    def files(self, env: Mapping[str, str], public_url: str) -> Mapping[str, str]:
        return {}

    def connect(self, env: Mapping[str, str], address: str, public_url: str) -> Installed:
        raise Refused("a merchant connects it")

    def shopper(self, env: Mapping[str, str], query: bytes, now: datetime) -> Shopper:
        raise BadSignature("no storefront")

    def frame(self, env: Mapping[str, str]) -> None:
        return None

    def open(self, env: Mapping[str, str], shop: ShopLine, vault: TokenVault, pace: str = "live") -> Corner:
        return self

    def receive(self, env: object, knock: object, vault: object) -> Delivery:
        raise NotImplementedError

    def answer(self, delivery: Delivery) -> None:
        return None

    def challenge(self, env: object, query: object, vault: object) -> None:
        return None

    def read(self, delivery: Delivery) -> tuple[Change, ...]:
        return (msgspec.json.decode(delivery.body, type=Change),)

    # the shop's line
    def _answer(self, call: str) -> None:
        self.calls.append(call)
        if self.trouble:
            raise self.trouble.pop(0)

    def facts(self) -> ShopFacts:
        if self.refuses_facts is not None:
            raise self.refuses_facts
        return self.says

    def choices(self, language: str, ours: tuple[str, ...] = ()) -> tuple[Choice, ...]:
        return ()

    def choose(self, key: str, values: tuple[str, ...]) -> None:
        raise Refused("nothing to choose")

    def counts(self, before: datetime | None = None) -> Counts:
        made = [order.placed_at for order in self.order_book.values() if self._in_sight(order)]
        joined = [person.created_at for person in self.people.values()]
        return Counts(*(sum(before is None or at < before for at in all_of) for all_of in (made, joined)))

    def history(self, checkpoint: str | None) -> Iterator[Batch]:
        self._answer("history")
        everyone = list(self.people.values())
        everything = [order for order in self.order_book.values() if self._in_sight(order)]
        total = len(everyone) + len(everything)
        if checkpoint is None:
            yield Batch(tuple(self._shown(one) for one in everyone), (), "people", total)
        done = 0 if checkpoint in (None, "people") else int(checkpoint or 0)
        for start in range(done, len(everything), 2):
            yield Batch((), tuple(everything[start : start + 2]), str(start + 2), total)

    def changed(self, window: Window) -> Iterator[Batch]:
        self._answer("changed")
        inside = [one for one in self.order_book.values() if window.since <= one.changed_at < window.until]
        people = [one for one in self.people.values() if window.since <= one.changed_at < window.until]
        yield Batch(tuple(self._shown(one) for one in people), tuple(inside), "")

    def orders(self, ids: tuple[str, ...]) -> dict[str, Order]:
        self._answer("orders")
        there = {order_id: self.order_book[order_id] for order_id in ids if order_id in self.order_book}
        return {order.id: order for order in there.values() if self._in_sight(order)}

    def numbers(self) -> Iterator[Numbers]:
        self._answer("numbers")
        yield Numbers(orders=tuple(one.id for one in self.order_book.values() if self._in_sight(one)))
        self._answer("numbers")
        yield Numbers(customers=tuple(self.people))

    def _in_sight(self, order: Order) -> bool:
        return self.hides_before is None or order.placed_at >= self.hides_before

    def customers(self, ids: tuple[str, ...]) -> dict[str, Customer]:
        self._answer("customers")
        return {one: self._shown(self.people[one]) for one in ids if one in self.people}

    def mark(
        self,
        customer_id: str,
        wanted: tuple[str, ...],
        known: tuple[str, ...],
        tier: str = "",
        before: str = "",
    ) -> Marked | LeftAlone:
        self._answer("mark")
        if customer_id in self.puzzling:
            raise ValueError("a fault of the adapter")
        standing = self.tags.setdefault(customer_id, set())
        standing -= set(known)
        standing |= set(wanted)
        if self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        return Marked(wanted)

    def make_coupon(self, coupon: Coupon) -> CouponMade | CodeTaken:
        self._answer("make_coupon")
        if coupon.code in self.foreign_codes:
            return CodeTaken()
        if coupon.code in self.refused_codes:
            raise Refused("The shop does not take this one.")
        if not coupon.is_gift:
            self.codes[coupon.code] = coupon
        elif coupon.code not in {gift.code for gift in self.given}:
            self.given.append(coupon)
        if self.lose_answers:
            self.lose_answers -= 1
            raise OutcomeUnknown("no answer came back")
        return CouponMade(f"remote {coupon.code}")

    def make_codes(self, coupon: Coupon, codes: tuple[str, ...]) -> tuple[CodeResult, ...]:
        self._answer("make_codes")
        good = set(codes) - self.foreign_codes - self.refused_codes
        self.codes |= {code: msgspec.structs.replace(coupon, code=code) for code in good}
        refused = CodeRefused("The shop does not take this one.")
        return tuple(
            CouponMade(f"remote {code}")
            if code in good
            else (CodeTaken() if code in self.foreign_codes else refused)
            for code in codes
        )

    def find_gift(self, coupon: Coupon) -> CouponMade | None:
        self._answer("find_gift")
        there = coupon.code in {gift.code for gift in self.given}
        return CouponMade(f"remote {coupon.code}") if there else None

    def gifts(self, kind: CouponKind, since: datetime, customer_ids: tuple[str, ...]) -> dict[str, Coupon]:
        self._answer("gifts")
        return {
            f"remote {one.code}": msgspec.structs.replace(one, code="")
            for one in self.given
            if one.kind == kind and one.customer_id in customer_ids and one.starts_at >= since
        }

    def revoke_coupon(self, code: str, remote_id: str | None) -> None:
        self._answer("revoke_coupon")
        self.codes.pop(code, None)

    def show(self, cards: tuple[Card, ...]) -> tuple[Shown | LeftAlone, ...]:
        self._answer("show")
        self.showings.append(len(cards))
        if any(card.customer_id in self.puzzling for card in cards):
            raise ValueError("a fault of the adapter")
        gone = LeftAlone("This customer is no longer in the shop.")
        there = [card for card in cards if card.customer_id in self.people]
        self.cards |= {card.customer_id: card for card in there}
        if self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        return tuple(Shown() if card in there else gone for card in cards)

    def delete_coupons(self, codes: tuple[str, ...]) -> None:
        self._answer("delete_coupons")
        self.let_go += codes
        for code in set(codes) - self.used_codes:
            self.codes.pop(code, None)

    def coupons(self) -> Iterator[Coupon]:
        yield from self.codes.values()

    def subscribe(self, address: str) -> tuple[str, ...]:
        return ("everything",)

    def withheld(self) -> tuple[PersonWord, ...]:
        return self.withholds

    def not_allowed(self) -> tuple[CouponKind, ...]:
        return self.forbids

    def shows_since(self, now: datetime) -> datetime | None:
        return self.hides_before

    def new_secret(self, now: datetime) -> str:
        self._answer("new_secret")
        return "a-secret"

    def learn(self, name: str, now: datetime) -> None:
        self._answer(f"learn {name}")

    def end_codes(self) -> None:
        self._answer("end_codes")

    def keep_alive(self) -> datetime | None:
        self._answer("keep_alive")
        return None

    def farewell(self) -> None:
        pass

    def change(self, customer_id: str, at: datetime) -> None:
        """Somebody saves the customer in the shop."""
        self.people[customer_id] = msgspec.structs.replace(self.people[customer_id], changed_at=at)

    def _shown(self, customer: Customer) -> Customer:
        return msgspec.structs.replace(customer, marks=tuple(sorted(self.tags.get(customer.id, ()))))


FACTS = ShopFacts("corner.example", "Corner Shop", "EUR", "Europe/Amsterdam", "nl")


def order(
    number: int, euros: int, paid: datetime | None, customer_id: str | None = "7", **more: Any
) -> Order:
    """An order of one line over so many euros, placed and paid at the same moment."""
    placed = paid or NOW
    line = LineItem("1", "A thing", 1, more.pop("kept", 1), euros * 100)
    fields = {"changed_at": placed, "total": euros * 100, "lines": (line,), "customer_id": customer_id}
    return Order(
        id=str(number), number=f"#{number}", currency="EUR", placed_at=placed, paid_at=paid, **(fields | more)
    )


def person(customer_id: str = "7", email: str | None = "anna@example.nl", **more: Any) -> Customer:
    """A customer with a verified address."""
    made = NOW - 400 * DAY
    fields = {"created_at": made, "changed_at": made, "email_verified": email is not None} | more
    return Customer(id=customer_id, email=email, name="Anna Kwikstaart", **fields)


class World:
    """The house, the shop and what people do in it."""

    def __init__(self, house: House, corner: Corner, shop: Shop, clock: list[datetime]) -> None:
        self.house, self.corner, self.shop, self._clock = house, corner, shop, clock
        self._deliveries = 0

    @property
    def now(self) -> datetime:
        return self._clock[0]

    def later(self, days: float) -> None:
        self._clock[0] += days * DAY
        rounds.settle(self.house, self.shop.merchant_id)

    def tell(self, *changes: Change, drain: bool = True) -> None:
        for change in changes:
            self._deliveries += 1
            if isinstance(change, CustomerChanged):
                self.corner.people.setdefault(change.customer.id, change.customer)
            body = msgspec.json.encode(change)
            with self.house.database.merchant(self.shop.merchant_id) as tx:
                inbox.keep(
                    tx, self.shop.id, Delivery(f"d-{self._deliveries}", "told", body), "webhook", self.now
                )
        if drain:
            self.apply()

    def happen(self, *orders: Order, tell: bool = True) -> None:
        for one in orders:
            self.corner.order_book[one.id] = one
        if tell:
            self.tell(*(OrderChanged(one) for one in orders))

    def apply(self) -> int:
        return rounds.apply(self.house, self.shop.merchant_id, self.shop.id)

    def push(self) -> int:
        return rounds.push(self.house, self.shop.merchant_id, self.shop.id)

    def reconcile(self, kind: Any = "full") -> int:
        run = rounds.reconcile(self.house, self.shop.merchant_id, self.shop.id, kind)
        assert run is not None
        rounds.finish(self.house, self.shop.merchant_id, self.shop.id)
        return run.differences

    def rows(self, table: Any) -> list[Any]:
        with self.house.database.merchant(self.shop.merchant_id) as tx:
            return list(tx.all(select(table)))

    def sums(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for row in self.rows(entries):
            found[row.source] = found.get(row.source, 0) + row.points
        return {source: points for source, points in found.items() if points}

    def balance(self, customer_id: str = "7") -> int:
        member_id = next(row.member_id for row in self.rows(customers) if row.id == customer_id)
        return int(next(row.balance for row in self.rows(members) if row.id == member_id))

    def member(self, customer_id: str = "7") -> int:
        return int(next(row.member_id for row in self.rows(customers) if row.id == customer_id))

    coupons = property(lambda self: self.rows(coupons))
    marks = property(lambda self: self.rows(marks))
    cards = property(lambda self: self.rows(cards))
    outbox = property(lambda self: self.rows(outbox))


@pytest.fixture
def world(database: Any, tmp_path: Path) -> Iterator[World]:
    """A corner shop that has just installed Comeback; its history is imported, no programme yet."""
    urls = {"DATABASE_URL": database.url, "DATABASE_OWNER_URL": database.owner_url}
    urls["FORGOTTEN_LOG"] = str(
        tmp_path / "forgotten.log"
    )  # whom this world forgets is nothing to the others
    corner, clock = Corner(), [NOW]
    house = furnish(config.fresh_secrets() | urls, {"corner": corner}, lambda: clock[0])
    arrived = welcoming.welcome(house.database, corner, Installed(FACTS, b"tokens"), NOW)
    with house.database.everyone() as connection:
        shop = shops.find_by_address(connection, "corner", FACTS.address)
    assert shop is not None
    assert shop.id == arrived.shop_id
    rounds.import_history(house, shop.merchant_id, shop.id)
    yield World(house, corner, shop, clock)
    house.close()


@pytest.fixture
def market(world: World) -> World:
    """A second shop of the same merchant."""
    stall = Corner()
    stall.name = "market"
    world.house.platforms["market"] = stall
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        code = merchants.give_pass(tx, "join", world.now, timedelta(hours=1))
    facts = ShopFacts("market.example", "Market Stall", "EUR", "Europe/London", "nl")
    installed = Installed(facts, b"their tokens", merchant_code=code)
    arrived = welcoming.welcome(world.house.database, stall, installed, world.now)
    assert arrived.merchant_id == world.shop.merchant_id
    with world.house.database.merchant(arrived.merchant_id) as tx:
        shop = shops.get(tx, arrived.shop_id)
    other = World(world.house, stall, shop, world._clock)
    rounds.import_history(world.house, shop.merchant_id, shop.id)
    return other


@pytest.fixture
def start(world: World) -> Callable[..., Terms]:
    """Start the suggested programme, with changes; unless asked for no hold, so that points count at once, and neither
    stage tags nor win-back, so that only what an order brings is there.
    """

    def started(counts_from: datetime = NOW - 365 * DAY, **changes: Any) -> Terms:
        plain = {"hold_days": 0, "stage_tags": StageTags(), "win_back": None}
        terms = msgspec.structs.replace(suggested("EUR"), **(plain | changes))
        with world.house.database.merchant(world.shop.merchant_id) as tx:
            programme.publish(tx, terms, counts_from, world.now)
        rounds.settle(world.house, world.shop.merchant_id)
        return terms

    return started


@pytest.fixture
def make() -> Any:
    """The words of the corner shop: make.order(...), make.person(...), make.NOW, make.DAY."""

    class Make:
        pass

    Make.changed, Make.told = staticmethod(OrderChanged), staticmethod(CustomerChanged)  # type: ignore[attr-defined]
    Make.order, Make.person, Make.NOW, Make.DAY = staticmethod(order), staticmethod(person), NOW, DAY  # type: ignore[attr-defined]
    return Make
