"""Coupons: one row per (shop, source, reward), from the decision to the code that lives in the shop."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, Select, select, tuple_, update

from connector.loyalty.facts import BookedCoupon, WantedCoupon
from connector.records import EVERYTHING, GIFTS, Coupon, CouponKind, DiscountClass, Scope
from connector.secrets import coupon_code
from connector.store import bulk
from connector.store.database import Tx
from connector.store.tables import acts, coupons

_WANTED = ("customer_id", "kind", "value", "minimum", "currency", "title", "starts_at", "ends_at", "version")
_NAMES = ("shop_id", "source", "reward_key")


class _More(msgspec.Struct, frozen=True, omit_defaults=True):
    """The conditions that few coupons have, as the column `more` holds them."""

    minimum_quantity: int = 0
    scope: Scope = EVERYTHING
    buys: Scope = EVERYTHING
    gets: int = 0
    combines: tuple[DiscountClass, ...] = ()


class Kept(msgspec.Struct, frozen=True):
    """A coupon as pushing sees it. `unsure_at`: when a gift was last tried without our knowing what came of it."""

    shop_id: int
    source: str
    reward_key: str
    member_id: int
    state: str
    attempt: int
    revision: int
    remote_id: str | None
    unsure_at: datetime | None
    coupon: Coupon

    @property
    def subject(self) -> str:
        """How the outbox names it."""
        return subject(self.source, self.reward_key)


def subject(source: str, reward_key: str) -> str:
    """Return the outbox's name for a coupon."""
    return f"{source} {reward_key}"


def want(tx: Tx, secret: bytes, wanted: Sequence[tuple[int, WantedCoupon]]) -> list[tuple[int, str]]:
    """Write down coupons to be made; return (shop, outbox subject) of each. A revoked one gets a fresh code.

    A gift keeps its code: it is found by that, should an earlier try have given it after all.
    """
    if not wanted:
        return []
    # With a code taken by others the attempts of a gift go up too, and then stay.
    made = {
        key: attempt - (1 if kind in GIFTS else 0)
        for key, (attempt, kind) in _attempts(tx, [_key(coupon) for _, coupon in wanted]).items()
    }
    row = bulk.insert(
        coupons,
        [_row(tx, secret, member_id, coupon, made.get(_key(coupon), -1) + 1) for member_id, coupon in wanted],
    )
    new: dict[str, Any] = {
        name: row.excluded[name] for name in (*_WANTED, "more", "member_id", "code", "attempt")
    }
    new |= {"state": "wanted", "remote_id": None, "deleted_at": None, "revision": coupons.c.revision + 1}
    tx.run(row.on_conflict_do_update(index_elements=["merchant_id", *_NAMES], set_=new))
    return [(coupon.shop_id, subject(coupon.source, coupon.reward_key)) for _, coupon in wanted]


def revoke(tx: Tx, keys: Sequence[tuple[int, str, str]]) -> list[tuple[int, str]]:
    """Note that these coupons (shop, source, reward key) are to end; return (shop, outbox subject) of each."""
    if not keys:
        return []
    rows = [dict(zip(_NAMES, key, strict=True)) for key in keys]
    given = bulk.records(coupons, _NAMES, rows).subquery()
    mine = coupons.c.merchant_id == tx.merchant_id
    tx.run(
        update(coupons)
        .where(mine, *(coupons.c[name] == given.c[name] for name in _NAMES))
        .values(state="revoking")
    )
    return [(shop_id, subject(source, reward_key)) for shop_id, source, reward_key in keys]


def next_code(tx: Tx, secret: bytes, kept: Kept) -> str:
    """Give the coupon another code, and return it: its first one belongs to somebody else in the shop."""
    attempt = kept.attempt + 1
    code = coupon_code(secret, kept.shop_id, kept.source, kept.reward_key, attempt)
    _set(tx, (kept.shop_id, kept.source, kept.reward_key), code=code, attempt=attempt)
    return code


def set_state(
    tx: Tx, shop_id: int, source: str, reward_key: str, state: str, remote_id: str | None = None
) -> None:
    """Write down what became of a coupon."""
    values: dict[str, Any] = {"state": state}
    if remote_id is not None:
        values["remote_id"] = remote_id
    _set(tx, (shop_id, source, reward_key), **values)


def is_unsure(tx: Tx, kept: Kept, since: datetime | None) -> None:
    """Note since when it is not known what became of a gift; None: it is known."""
    _set(tx, (kept.shop_id, kept.source, kept.reward_key), unsure_at=since)


def get(tx: Tx, shop_id: int, name: str) -> Kept | None:
    """Return the coupon that the outbox calls `name`."""
    row = tx.first(_named(tx, shop_id, name))
    return None if row is None else _kept(row)


def locked(tx: Tx, shop_id: int, name: str) -> Kept | None:
    """Return the coupon that the outbox calls `name`; nobody else changes it before the transaction ends."""
    row = tx.first(_named(tx, shop_id, name).with_for_update())
    return None if row is None else _kept(row)


def _named(tx: Tx, shop_id: int, name: str) -> Select[*tuple[Any, ...]]:
    source, _, reward_key = name.rpartition(" ")
    return select(coupons).where(
        coupons.c.merchant_id == tx.merchant_id,
        coupons.c.shop_id == shop_id,
        coupons.c.source == source,
        coupons.c.reward_key == reward_key,
    )


def unended(tx: Tx, shop_id: int, now: datetime) -> list[Kept]:
    """Return the shop's coupons whose end has not come, in whatever state."""
    mine = coupons.c.merchant_id == tx.merchant_id, coupons.c.shop_id == shop_id
    return [_kept(row) for row in tx.all(select(coupons).where(*mine, coupons.c.ends_at > now))]


def is_of_another(tx: Tx, kept: Kept, remote_id: str) -> bool:
    """Tell whether another coupon of this member, of the same kind and shop, is what the shop calls so."""
    mine = coupons.c.merchant_id == tx.merchant_id, coupons.c.shop_id == kept.shop_id
    alike = coupons.c.member_id == kept.member_id, coupons.c.kind == kept.coupon.kind
    other = tuple_(coupons.c.source, coupons.c.reward_key) != (kept.source, kept.reward_key)
    chosen = select(coupons.c.code).where(*mine, *alike, other, coupons.c.remote_id == remote_id)
    return tx.first(chosen.limit(1)) is not None


def given_up(tx: Tx, shop_id: int, since: datetime) -> list[Kept]:
    """Return the gifts that were given up or called off, while one try since then may have given them after all."""
    mine = coupons.c.merchant_id == tx.merchant_id, coupons.c.shop_id == shop_id
    open_question = coupons.c.state.in_(("parked", "revoking", "revoked")), coupons.c.unsure_at > since
    return [_kept(row) for row in tx.all(select(coupons).where(*mine, *open_question))]


def of_customer(tx: Tx, shop_id: int, customer_id: str) -> list[Kept]:
    """Return the coupons made for one customer."""
    mine = coupons.c.merchant_id == tx.merchant_id, coupons.c.shop_id == shop_id
    return [_kept(row) for row in tx.all(select(coupons).where(*mine, coupons.c.customer_id == customer_id))]


def move(tx: Tx, shop_id: int, gone_id: str, kept_id: str) -> None:
    """Note that one customer's coupons are to be another's."""
    tx.run(
        update(coupons)
        .where(
            coupons.c.merchant_id == tx.merchant_id,
            coupons.c.shop_id == shop_id,
            coupons.c.customer_id == gone_id,
        )
        .values(customer_id=kept_id)
    )


def booked(tx: Tx, member_ids: Sequence[int]) -> dict[int, list[BookedCoupon]]:
    """Return every coupon decided on for each member."""
    fields = (coupons.c[name] for name in BookedCoupon.__struct_fields__)
    rows = tx.all(
        select(coupons.c.member_id, *fields).where(
            coupons.c.merchant_id == tx.merchant_id, bulk.among(coupons.c.member_id, member_ids)
        )
    )
    found: dict[int, list[BookedCoupon]] = {member_id: [] for member_id in member_ids}
    for row in rows:
        values = {name: getattr(row, name) for name in BookedCoupon.__struct_fields__}
        found[row.member_id].append(BookedCoupon(**values))
    return found


def holders(tx: Tx, codes: Sequence[str]) -> dict[str, set[int]]:
    """Return whose each of these codes is; two shops may hold the same one. Codes that are not ours are left out."""
    if not codes:
        return {}
    mine = coupons.c.merchant_id == tx.merchant_id
    found: dict[str, set[int]] = {}
    for row in tx.all(
        select(coupons.c.code, coupons.c.member_id).where(mine, bulk.among(coupons.c.code, codes))
    ):
        found.setdefault(row.code, set()).add(row.member_id)
    return found


def known_codes(tx: Tx, shop_id: int, codes: Sequence[str]) -> set[str]:
    """Return those of these codes that a coupon or an exchange here has."""
    mine = coupons.c.merchant_id == tx.merchant_id, coupons.c.shop_id == shop_id
    made = set(tx.run(select(coupons.c.code).where(*mine, bulk.among(coupons.c.code, codes))).scalars())
    code = acts.c.record["code"].as_string()
    exchanged = select(code).where(acts.c.merchant_id == tx.merchant_id, code.in_(codes))
    return made | set(tx.run(exchanged).scalars())


def known_gifts(tx: Tx, shop_id: int, remote_ids: Sequence[str]) -> set[str]:
    """Return those of these gifts, by their ids in the shop, that are known here."""
    mine = coupons.c.merchant_id == tx.merchant_id, coupons.c.shop_id == shop_id, coupons.c.kind.in_(GIFTS)
    return set(
        tx.run(
            select(coupons.c.remote_id).where(*mine, bulk.among(coupons.c.remote_id, remote_ids))
        ).scalars()
    )


def give(tx: Tx, gone: int, kept: int) -> None:
    """Let the coupons of one member be another's."""
    tx.run(
        update(coupons)
        .where(coupons.c.merchant_id == tx.merchant_id, coupons.c.member_id == gone)
        .values(member_id=kept)
    )


def _key(coupon: WantedCoupon) -> tuple[int, str, str]:
    return coupon.shop_id, coupon.source, coupon.reward_key


def _attempts(
    tx: Tx, keys: Sequence[tuple[int, str, str]]
) -> dict[tuple[int, str, str], tuple[int, CouponKind]]:
    fields = tuple(coupons.c[name] for name in _NAMES)
    mine = coupons.c.merchant_id == tx.merchant_id, tuple_(*fields).in_(keys)
    rows = tx.all(select(*fields, coupons.c.attempt, coupons.c.kind).where(*mine))
    return {(row.shop_id, row.source, row.reward_key): (row.attempt, row.kind) for row in rows}


def _row(tx: Tx, secret: bytes, member_id: int, wanted: WantedCoupon, attempt: int) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in _WANTED} | {
        "more": _more(wanted),
        "merchant_id": tx.merchant_id,
        "shop_id": wanted.shop_id,
        "source": wanted.source,
        "reward_key": wanted.reward_key,
        "member_id": member_id,
        "code": coupon_code(secret, wanted.shop_id, wanted.source, wanted.reward_key, attempt),
        "attempt": attempt,
        "state": "wanted",
    }


def _more(wanted: WantedCoupon) -> dict[str, Any] | None:
    more = _More(**{name: getattr(wanted, name) for name in _More.__struct_fields__})
    return None if more == _More() else msgspec.to_builtins(more)


def _set(tx: Tx, key: tuple[int, str, str], **values: Any) -> None:
    fields = tuple_(coupons.c.shop_id, coupons.c.source, coupons.c.reward_key)
    tx.run(update(coupons).where(coupons.c.merchant_id == tx.merchant_id, fields == key).values(**values))


def _kept(row: Row[Any]) -> Kept:
    names = ("code", "kind", "value", "currency", "title", "starts_at", "ends_at", "customer_id", "minimum")
    more = msgspec.structs.asdict(msgspec.convert(row.more or {}, _More))
    coupon = Coupon(**{name: getattr(row, name) for name in names}, **more)
    fields = [name for name in Kept.__struct_fields__ if name != "coupon"]
    return Kept(coupon=coupon, **{name: getattr(row, name) for name in fields})
