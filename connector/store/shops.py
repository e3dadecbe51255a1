"""Shops: who they are, and how they are."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, Select, insert, select, update

from connector.port import MarkKind, PersonWord, ShopFacts, ShopLine
from connector.records import CouponKind
from connector.secrets import random_word
from connector.store import bulk
from connector.store.database import Tx
from connector.store.tables import shops

ShopState = Literal["connected", "reconnect", "removed"]
BreakerState = Literal["closed", "open", "half_open"]
DECLARED_HOLDS = timedelta(days=2)
"""For how long a message that a file told the platform to send shows that the others of the file would come too."""
# What stands in the row of a shop whose line works; see store.breaker.
CLOSED = {"failures": 0, "failing_since": None, "failed_at": None, "probe_at": None, "probing": False}


class Shop(msgspec.Struct, frozen=True):
    """One installation in one store. `state`: connected; reconnect (our token is refused); removed."""

    merchant_id: int
    id: int
    platform: str
    address: str
    key: str
    name: str
    currency: str
    timezone: str
    mark_kind: MarkKind
    state: ShopState
    installed_at: datetime
    removed_at: datetime | None
    last_delivery_at: datetime | None
    seen_until: datetime | None
    busy_until: datetime | None
    failures: int
    failing_since: datetime | None
    probe_at: datetime | None
    probing: bool
    restored_from: datetime | None
    other_version: str | None = None
    other_version_at: datetime | None = None
    old_secret_since: datetime | None = None
    old_secret_at: datetime | None = None
    forgotten_at: datetime | None = None
    erasing_since: datetime | None = None
    shows_cards: bool = False
    declared_word: str | None = None
    declared_at: datetime | None = None
    withholds: Collection[str] = ()
    not_allowed: Collection[str] = ()
    currencies: Collection[str] = ()
    look_again_at: datetime | None = None
    codes_outlive: timedelta = timedelta(0)

    @property
    def books(self) -> tuple[str, ...]:
        """The currencies that its books are kept in, its own first."""
        return (self.currency, *self.currencies)

    @property
    def is_erased(self) -> bool:
        """Whether it is out of use for good: nothing is left of it but its number, or what is goes now."""
        return self.erasing_since is not None or self.forgotten_at is not None

    @property
    def breaker(self) -> BreakerState:
        """Whether calls go out on the shop's line (see store.breaker)."""
        if self.probe_at is None:
            return "closed"
        return "half_open" if self.probing else "open"

    def alone_until(self, now: datetime) -> datetime | None:
        """Return until when the shop is left alone; None when it may be asked."""
        until = max(filter(None, (self.busy_until, self.probe_at)), default=now)
        return until if until > now else None

    def line(self, now: datetime) -> ShopLine:
        """Return what the shop's adapter must know."""
        lately = self.declared_at is not None and now - self.declared_at < DECLARED_HOLDS
        return ShopLine(self.address, self.key, (self.declared_word or "") if lately else "")


_FIELDS = tuple(shops.c[name] for name in Shop.__struct_fields__)


def find_by_key(connection: Connection, key: str) -> Shop | None:
    """Return the shop whose webhook URL holds this word."""
    return _maybe(connection.execute(select(*_FIELDS).where(shops.c.key == key)).first())


def find_by_address(connection: Connection, platform: str, address: str) -> Shop | None:
    """Return the platform's shop of this address."""
    chosen = select(*_FIELDS).where(shops.c.platform == platform, shops.c.address == address)
    return _maybe(connection.execute(chosen).first())


def everywhere(connection: Connection) -> tuple[Shop, ...]:
    """Return every shop of every merchant that is not removed."""
    chosen = select(*_FIELDS).where(shops.c.state != "removed").order_by(shops.c.id)
    return tuple(map(_shop, connection.execute(chosen)))


def of_merchant(tx: Tx) -> tuple[Shop, ...]:
    """Return the merchant's shops, first installed first; those that were erased are none any more."""
    return tuple(shop for shop in ever_of_merchant(tx) if shop.forgotten_at is None)


def ever_of_merchant(tx: Tx) -> tuple[Shop, ...]:
    """Return the merchant's shops with those that were erased: entries and closed facts still name these."""
    return tuple(map(_shop, tx.all(_of(tx).order_by(shops.c.id))))


def ever(connection: Connection) -> tuple[Shop, ...]:
    """Return every shop of every merchant, removed and erased ones too."""
    return tuple(map(_shop, connection.execute(select(*_FIELDS).order_by(shops.c.id))))


def get(tx: Tx, shop_id: int) -> Shop:
    """Return one shop; raise LookupError when the merchant has no such shop."""
    found = _maybe(tx.first(_of(tx).where(shops.c.id == shop_id)))
    if found is None:
        raise LookupError(f"no shop {shop_id}")
    return found


def hold(tx: Tx, shop_id: int) -> Shop:
    """Return one shop as it stands once nobody else is changing it, and keep others from changing it until the end.

    What is kept of it meanwhile need not wait: the row's number stays.
    """
    return _shop(tx.one(_of(tx).where(shops.c.id == shop_id).with_for_update(key_share=True)))


def connected(tx: Tx, ids: Collection[int]) -> list[int]:
    """Return those of these shops that can be called, in order."""
    chosen = select(shops.c.id).where(shops.c.merchant_id == tx.merchant_id, bulk.among(shops.c.id, ids))
    return list(tx.run(chosen.where(shops.c.state == "connected").order_by(shops.c.id)).scalars())


def add(tx: Tx, platform: str, mark_kind: MarkKind, facts: ShopFacts, now: datetime) -> Shop:
    """Keep a new shop, still without tokens."""
    row = tx.one(
        insert(shops)
        .values(
            merchant_id=tx.merchant_id,
            platform=platform,
            address=facts.address,
            key=random_word(16),
            name=facts.name,
            currency=facts.currency,
            currencies=list(facts.currencies),
            timezone=facts.timezone,
            mark_kind=mark_kind,
            state="connected",
            installed_at=now,
        )
        .returning(*_FIELDS)
    )
    return _shop(row)


def come_back(tx: Tx, shop_id: int, facts: ShopFacts, now: datetime) -> None:
    """Note that a known shop has proved itself again, and what it says of itself now."""
    _set(
        tx,
        shop_id,
        name=facts.name,
        currency=facts.currency,
        currencies=list(facts.currencies),
        timezone=facts.timezone,
        state="connected",
        installed_at=now,
        removed_at=None,
        busy_until=None,
        declared_word=None,  # it may be another app's now, with a file of its own
        declared_at=None,
        **CLOSED,
    )


def shows_cards(tx: Tx, shop_id: int, shows: bool) -> bool:
    """Note whether the shop has a place for its customers' cards; return whether that is news."""
    return _news(tx, shop_id, "shows_cards", shows)


def marks_by(tx: Tx, shop_id: int, kind: MarkKind) -> bool:
    """Note what the shop's customers carry; return whether that is news."""
    return _news(tx, shop_id, "mark_kind", kind)


def outlived(tx: Tx, shop_id: int, by: timedelta) -> None:
    """Note for how long at most the shop's codes may pass after their end."""
    _news(tx, shop_id, "codes_outlive", by)


def look_again(tx: Tx, shop_id: int, now: datetime) -> None:
    """Note that all that stands on the shop's customers by now is to be pushed once more."""
    _set(tx, shop_id, look_again_at=now)


def looked_again(tx: Tx, shop_id: int, since: datetime) -> None:
    """Note that it is on its way, unless it was asked for anew meanwhile."""
    mine = shops.c.merchant_id == tx.merchant_id, shops.c.id == shop_id, shops.c.look_again_at == since
    tx.run(update(shops).where(*mine).values(look_again_at=None))


def remove(tx: Tx, shop_id: int, now: datetime) -> None:
    """Note that the merchant took Comeback out of this shop; its tokens are gone at once."""
    _set(tx, shop_id, state="removed", removed_at=now, tokens_sealed=None)


def needs_reconnect(tx: Tx, shop_id: int) -> None:
    """Note that the shop no longer accepts our token."""
    tx.run(
        update(shops)
        .where(shops.c.merchant_id == tx.merchant_id, shops.c.id == shop_id, shops.c.state == "connected")
        .values(state="reconnect")
    )


def leave_alone_until(tx: Tx, shop_id: int, moment: datetime) -> None:
    """Note that the shop asked for a pause."""
    _set(tx, shop_id, busy_until=moment)


def says_of_itself(
    tx: Tx,
    shop_id: int,
    facts: ShopFacts,
    withheld: Sequence[PersonWord] = (),
    not_allowed: Sequence[CouponKind] = (),
) -> None:
    """Keep how the shop is called, what its clock shows, what its parts count in, what it withholds and does not allow.

    Its own currency is what its books began in.
    """
    words = {"name": facts.name, "timezone": facts.timezone, "currencies": list(facts.currencies)}
    _set(tx, shop_id, **words, withholds=list(withheld), not_allowed=list(not_allowed))


def looked_until(tx: Tx, shop_id: int, moment: datetime) -> None:
    """Note that every change before the moment has been looked at."""
    _set(tx, shop_id, seen_until=moment)


def restored(tx: Tx, shop_id: int, as_of: datetime | None) -> None:
    """Note that what is known of the shop was put back as of then; None: all that follows from it is done."""
    _set(tx, shop_id, restored_from=as_of, **({} if as_of is None else {"busy_until": None}))


def _of(tx: Tx) -> Select[Any]:
    return select(*_FIELDS).where(shops.c.merchant_id == tx.merchant_id)


def _news(tx: Tx, shop_id: int, name: str, value: object) -> bool:
    other = shops.c.merchant_id == tx.merchant_id, shops.c.id == shop_id, shops.c[name] != value
    return tx.run(update(shops).where(*other).values({name: value})).rowcount > 0


def _set(tx: Tx, shop_id: int, **values: object) -> None:
    tx.run(update(shops).where(shops.c.merchant_id == tx.merchant_id, shops.c.id == shop_id).values(**values))


def _shop(row: Row[Any]) -> Shop:
    return Shop(**row._mapping)


def _maybe(row: Row[Any] | None) -> Shop | None:
    return None if row is None else _shop(row)
