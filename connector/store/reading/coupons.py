"""Coupon codes, as the pages and the export show them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import (
    ColumnElement,
    DateTime,
    ScalarSelect,
    Select,
    and_,
    exists,
    func,
    literal,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import distinct_on

from connector.records import GIFTS, CouponKind
from connector.store.database import Tx
from connector.store.reading.pages import SIZE, Page, cut
from connector.store.tables import code_uses, coupons, orders

OpenState = Literal["wanted", "live", "parked"]
OPEN_STATES: tuple[OpenState, ...] = ("live", "wanted", "parked")


class CodeLine(msgspec.Struct, frozen=True):
    """One code. `value`, `minimum`: as in the coupons table; `used`: an order carries it.

    `after`: the shop's own number of the order that gave it, or after which the customer stayed away; empty if neither.
    """

    shop_id: int
    member_id: int
    customer_id: str
    source: str
    reward_key: str
    code: str
    title: str
    kind: CouponKind
    value: int
    minimum: int
    currency: str
    starts_at: datetime
    ends_at: datetime
    state: str
    used: bool
    after: str


class Wanted(msgspec.Struct, frozen=True):
    """Which open codes: of one shop or all, in one state or all, of one reward or all."""

    shop_id: int | None = None
    state: str | None = None
    reward_key: str | None = None


class Place(msgspec.Struct, frozen=True):
    """The place of a line in the list of open codes; as a text it stands in an address."""

    ends_at: datetime
    code: str

    def __str__(self) -> str:
        return f"{self.ends_at.isoformat()}_{self.code}"


def read_place(text: str) -> Place:
    """Read a place from an address; raise ValueError when it is none."""
    moment, _, code = text.partition("_")
    ends_at = datetime.fromisoformat(moment)
    # Far years and far zones, which Python knows, are none that PostgreSQL does.
    if ends_at.tzinfo is None or not 1970 < ends_at.year < 9999 or not (code.isalnum() and code.isascii()):
        raise ValueError(f"{text!r} is no place in the list")
    return Place(ends_at.astimezone(UTC), code)


def of_member(tx: Tx, member_id: int, size: int | None) -> tuple[CodeLine, ...]:
    """Return the latest codes (all: None) of a member, the newest first."""
    chosen = _lines().where(coupons.c.merchant_id == tx.merchant_id, coupons.c.member_id == member_id)
    rows = tx.all(chosen.order_by(coupons.c.starts_at.desc(), coupons.c.code).limit(size))
    return tuple(CodeLine(**row._mapping) for row in rows)


def opened(tx: Tx, wanted: Wanted, now: datetime, after: Place | None, size: int = SIZE) -> Page[CodeLine]:
    """Return the codes that can still be used, the soonest to end first; `after` is a place of an earlier page."""
    chosen = _lines().where(_open(tx, wanted, now))
    if after is not None:
        chosen = chosen.where(
            tuple_(coupons.c.ends_at, coupons.c.code)
            > tuple_(literal(after.ends_at, DateTime(timezone=True)), literal(after.code))
        )
    rows = tx.all(chosen.order_by(coupons.c.ends_at, coupons.c.code).limit(size + 1))
    found = tuple(CodeLine(**row._mapping) for row in rows)
    return cut(found, tuple(str(Place(line.ends_at, line.code)) for line in found), size)


def every(tx: Tx, wanted: Wanted, now: datetime) -> Iterator[CodeLine]:
    """Yield all codes that can still be used, the soonest to end first."""
    for row in tx.run(_lines().where(_open(tx, wanted, now)).order_by(coupons.c.ends_at, coupons.c.code)):
        yield CodeLine(**row._mapping)


def rewards(tx: Tx) -> tuple[tuple[str, str], ...]:
    """Return key and title of every reward that codes were made for."""
    rows = tx.all(
        select(coupons.c.reward_key, coupons.c.title)
        .ext(distinct_on(coupons.c.reward_key))
        .where(coupons.c.merchant_id == tx.merchant_id)
        .order_by(coupons.c.reward_key, coupons.c.version.desc())
    )
    return tuple((row.reward_key, row.title) for row in rows)


def _used() -> ColumnElement[bool]:
    """Does an order carry the code? Orders do not name the gifts that were spent on them."""
    return coupons.c.kind.not_in(GIFTS) & exists().where(
        code_uses.c.merchant_id == coupons.c.merchant_id,
        code_uses.c.shop_id == coupons.c.shop_id,
        code_uses.c.code == coupons.c.code,
        orders.c.merchant_id == code_uses.c.merchant_id,
        orders.c.shop_id == code_uses.c.shop_id,
        orders.c.id == code_uses.c.order_id,
        orders.c.removed_at.is_(None),
        orders.c.cancelled_at.is_(None),
        ~orders.c.test,
    )


def _lines() -> Select[*tuple[Any, ...]]:
    fields = (coupons.c[name] for name in CodeLine.__struct_fields__ if name not in ("used", "after"))
    return select(*fields, _used().label("used"), func.coalesce(_after(), "").label("after"))


def _after() -> ScalarSelect[Any]:
    """The number of the order in the coupon's source, "order:<shop>:<id>" or "lapse:order:<shop>:<id>"."""
    order_id = func.regexp_replace(coupons.c.source, "^(lapse:)?order:[0-9]+:", "")
    return (
        select(orders.c.number)
        .where(
            orders.c.merchant_id == coupons.c.merchant_id,
            orders.c.shop_id == coupons.c.shop_id,
            orders.c.id == order_id,
        )
        .scalar_subquery()
    )


def _open(tx: Tx, wanted: Wanted, now: datetime) -> ColumnElement[bool]:
    states = OPEN_STATES if wanted.state is None else (wanted.state,)
    wishes = [
        coupons.c.merchant_id == tx.merchant_id,
        coupons.c.state.in_(states),
        coupons.c.ends_at > now,
        ~_used(),
    ]
    if wanted.shop_id is not None:
        wishes.append(coupons.c.shop_id == wanted.shop_id)
    if wanted.reward_key is not None:
        wishes.append(coupons.c.reward_key == wanted.reward_key)
    return and_(*wishes)
