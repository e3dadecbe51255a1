"""Members: the list, the search, and what one member's card shows."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import BigInteger, and_, func, literal, or_, select, tuple_

from connector.loyalty.facts import (
    AdjustmentInputs,
    EarnInputs,
    ExpiryInputs,
    Inputs,
    RedemptionInputs,
    Rule,
)
from connector.records import Channel
from connector.store.database import Tx
from connector.store.people import owners
from connector.store.reading.pages import SIZE, Page, cut
from connector.store.tables import customers, entries, marks, members, orders

Sequence = Literal["balance", "orders", "newest"]
SEQUENCES: tuple[Sequence, ...] = ("balance", "orders", "newest")
_BY = {"balance": members.c.balance, "orders": members.c.order_count, "newest": members.c.id}
_FOUND_AT_MOST = 50


class Member(msgspec.Struct, frozen=True):
    """A person in the programme, without personal words."""

    id: int
    survivor_id: int | None
    tier: str | None
    tier_until: datetime | None
    balance: int
    pending: int
    order_count: int
    created_at: datetime


class LastOrder(msgspec.Struct, frozen=True):
    """When a member ordered last, and in which shop."""

    at: datetime
    shop_id: int


class MemberLine(msgspec.Struct, frozen=True):
    """A member in the list, with the name or address that tells people apart."""

    member: Member
    name: str | None
    email: str | None
    last: LastOrder | None


class Person(msgspec.Struct, frozen=True):
    """One of the member's customers. `known`: our tags as they stand in the shop; `wanted`: as they should."""

    shop_id: int
    id: str
    name: str | None
    email: str | None
    email_verified: bool
    created_at: datetime
    removed_at: datetime | None
    forgotten_at: datetime | None
    wanted: tuple[str, ...]
    known: tuple[str, ...]
    left_alone: str | None


class Placed(msgspec.Struct, frozen=True):
    """One order of a member; amounts in minor units of its currency."""

    shop_id: int
    id: str
    number: str
    currency: str
    total: int
    refunded: int
    placed_at: datetime
    paid_at: datetime | None
    cancelled_at: datetime | None
    removed_at: datetime | None
    test: bool
    channel: Channel


class Booking(msgspec.Struct, frozen=True):
    """One line of the ledger."""

    id: int
    source: str
    rule: Rule
    version: int
    points: int
    moment: datetime
    inputs: Inputs


_MEMBER = tuple(members.c[name] for name in Member.__struct_fields__)


def get(tx: Tx, member_id: int) -> Member:
    """Return one member; raise LookupError when the merchant has no such member."""
    there = members.c.merchant_id == tx.merchant_id, members.c.closed_at.is_(None)
    row = tx.first(select(*_MEMBER).where(*there, members.c.id == member_id))
    if row is None:
        raise LookupError(f"no member {member_id}")
    return Member(**row._mapping)


def page(
    tx: Tx, sequence: Sequence, tier: str | None, after: tuple[int, int] | None, size: int = SIZE
) -> Page[MemberLine]:
    """Return members, the greatest first; `after` is the figure and the id of the last one seen."""
    figure = _BY[sequence]
    there = members.c.merchant_id == tx.merchant_id, members.c.closed_at.is_(None)
    chosen = select(*_MEMBER).where(*there, members.c.survivor_id.is_(None))
    if tier is not None:
        chosen = chosen.where(members.c.tier == tier)
    if after is not None:
        chosen = chosen.where(tuple_(figure, members.c.id) < tuple_(*(literal(n, BigInteger) for n in after)))
    rows = tx.all(chosen.order_by(figure.desc(), members.c.id.desc()).limit(size + 1))
    places = tuple(f"{row._mapping[figure.key]}.{row.id}" for row in rows)
    return cut(_named(tx, tuple(Member(**row._mapping) for row in rows)), places, size)


def found(tx: Tx, ids: tuple[int, ...]) -> tuple[MemberLine, ...]:
    """Return these members, as far as they are the merchant's."""
    rows = tx.all(
        select(*_MEMBER)
        .where(members.c.merchant_id == tx.merchant_id, members.c.id.in_(ids[:_FOUND_AT_MOST]))
        .order_by(members.c.id.desc())
    )
    return _named(tx, tuple(Member(**row._mapping) for row in rows))


def find(tx: Tx, words: str) -> tuple[int, ...]:
    """Return the members that an e-mail address, an order number or a shop's customer id leads to."""
    words = words.strip()
    known = customers.c.merchant_id == tx.merchant_id
    if "@" in words:
        wanted = customers.c.email_hash == tx.ring.email_hash(tx.merchant_id, words)
        chosen = select(customers.c.member_id).where(known, wanted)
    else:
        bare = words.lstrip("#")
        numbered = orders.c.number.in_((words, bare, f"#{bare}"))
        of_order = and_(
            orders.c.merchant_id == customers.c.merchant_id,
            orders.c.shop_id == customers.c.shop_id,
            orders.c.customer_id == customers.c.id,
        )
        by_order = select(customers.c.member_id).join(orders, of_order).where(known, numbered)
        chosen = select(customers.c.member_id).where(known, customers.c.id == bare).union(by_order)  # type: ignore[assignment]
    return tuple(sorted({row.member_id for row in tx.all(chosen.limit(_FOUND_AT_MOST))}))


def tiers(tx: Tx) -> tuple[str, ...]:
    """Return the tiers that members hold."""
    rows = tx.all(
        select(members.c.tier)
        .distinct()
        .where(members.c.merchant_id == tx.merchant_id, members.c.tier.is_not(None))
        .order_by(members.c.tier)
    )
    return tuple(row.tier for row in rows)


def people(tx: Tx, member_id: int) -> tuple[Person, ...]:
    """Return the member's customers, with what of ours stands on them."""
    same = and_(
        marks.c.merchant_id == customers.c.merchant_id,
        marks.c.shop_id == customers.c.shop_id,
        marks.c.customer_id == customers.c.id,
    )
    rows = tx.all(
        select(customers, marks.c.wanted, marks.c.known, marks.c.left_alone)
        .outerjoin(marks, same)
        .where(customers.c.merchant_id == tx.merchant_id, customers.c.member_id == member_id)
        .order_by(customers.c.created_at, customers.c.shop_id, customers.c.id)
    )
    return tuple(
        Person(
            shop_id=row.shop_id,
            id=row.id,
            name=tx.ring.open_text(row.name_sealed, f"customers.name:{row.shop_id}:{row.id}"),
            email=tx.ring.open_text(row.email_sealed, f"customers.email:{row.shop_id}:{row.id}"),
            email_verified=row.email_verified,
            created_at=row.created_at,
            removed_at=row.removed_at,
            forgotten_at=row.forgotten_at,
            wanted=tuple(row.wanted or ()),
            known=tuple(row.known or ()),
            left_alone=row.left_alone,
        )
        for row in rows
    )


def placed(tx: Tx, member_id: int, size: int | None) -> tuple[Placed, ...]:
    """Return the member's latest orders (all: None), the newest first, with the guest orders that are theirs."""
    owned = owners(tx, [member_id])
    known = tuple_(orders.c.shop_id, orders.c.customer_id).in_(
        [(owner.shop_id, owner.customer_id) for owner in owned]
    )
    claimed = tuple_(orders.c.shop_id, orders.c.guest_hash).in_(
        [(owner.shop_id, owner.claims) for owner in owned if owner.claims is not None]
    )
    rows = tx.all(
        select(*(orders.c[name] for name in Placed.__struct_fields__))
        .where(
            orders.c.merchant_id == tx.merchant_id,
            or_(known, and_(orders.c.guest_hash.is_not(None), claimed)),
        )
        .order_by(orders.c.placed_at.desc(), orders.c.id.desc())
        .limit(size)
    )
    return tuple(Placed(**row._mapping) for row in rows)


def ledger(tx: Tx, member_id: int, size: int | None) -> tuple[Booking, ...]:
    """Return the latest ledger lines (all: None) of the member and of those who live on as them, the newest first."""
    whose = and_(members.c.merchant_id == entries.c.merchant_id, members.c.id == entries.c.member_id)
    rows = tx.all(
        select(*(entries.c[name] for name in Booking.__struct_fields__))
        .join(members, whose)
        .where(
            members.c.merchant_id == tx.merchant_id,
            or_(members.c.id == member_id, members.c.survivor_id == member_id),
        )
        .order_by(entries.c.moment.desc(), entries.c.id.desc())
        .limit(size)
    )
    return tuple(
        Booking(
            row.id,
            row.source,
            row.rule,
            row.version,
            row.points,
            row.moment,
            msgspec.convert(row.inputs, EarnInputs | ExpiryInputs | RedemptionInputs | AdjustmentInputs),
        )
        for row in rows
    )


def _named(tx: Tx, chosen: tuple[Member, ...]) -> tuple[MemberLine, ...]:
    rows = tx.all(
        select(customers)
        .where(
            customers.c.merchant_id == tx.merchant_id, customers.c.member_id.in_([one.id for one in chosen])
        )
        .order_by(customers.c.created_at, customers.c.shop_id, customers.c.id)
    )
    last = _last_orders(tx, [(row.shop_id, row.id) for row in rows])
    lines = []
    for member in chosen:
        own = [row for row in rows if row.member_id == member.id]
        placed = [LastOrder(last[key], row.shop_id) for row in own if (key := (row.shop_id, row.id)) in last]
        latest = max(placed, key=lambda order: order.at, default=None)
        lines.append(MemberLine(member, *_name(tx, own), latest))
    return tuple(lines)


def _last_orders(tx: Tx, keys: list[tuple[int, str]]) -> dict[tuple[int, str], datetime]:
    """Return when each of these (shop, customer) pairs placed their last order.

    Asked by the pairs themselves: joined to customers, PostgreSQL may read every order of the merchant for one page.
    """
    rows = tx.all(
        select(orders.c.shop_id, orders.c.customer_id, func.max(orders.c.placed_at).label("at"))
        .where(
            orders.c.merchant_id == tx.merchant_id,
            tuple_(orders.c.shop_id, orders.c.customer_id).in_(keys),
        )
        .group_by(orders.c.shop_id, orders.c.customer_id)
    )
    return {(row.shop_id, row.customer_id): row.at for row in rows}


def _name(tx: Tx, own: list[Any]) -> tuple[str | None, str | None]:
    """Return name and address of the first customer that still has any."""
    for row in own:
        if row.name_sealed is not None or row.email_sealed is not None:
            return (
                tx.ring.open_text(row.name_sealed, f"customers.name:{row.shop_id}:{row.id}"),
                tx.ring.open_text(row.email_sealed, f"customers.email:{row.shop_id}:{row.id}"),
            )
    return None, None
