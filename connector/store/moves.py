"""Moves: one shop may have many addresses, and change them; what it brings along tells that it is here already."""

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from connector.port import ShopFacts
from connector.secrets import KeyRing
from connector.store import shops as known
from connector.store.database import Tx
from connector.store.shops import Shop
from connector.store.tables import shops


def known_elsewhere(
    connection: Connection, ring: KeyRing, platform: str, address: str, sign: str
) -> Shop | None:
    """Return the shop that has this sign where none is known at the address; None where there is none."""
    if not sign or known.find_by_address(connection, platform, address) is not None:
        return None
    return _first(connection, platform, shops.c.sign_hash == _hash(ring, platform, sign))


def twin(connection: Connection, platform: str, facts: ShopFacts, merchant_id: int | None) -> Shop | None:
    """Return a shop that goes by one of the addresses of these facts; of the merchant's own first.

    What a shop calls its own is believed about the merchant's shops alone: a stranger who claims somebody's address would
    keep them out. For those of others it must be the address that they were called at.
    """
    claimed = sorted({facts.address, *facts.addresses})
    at = shops.c.address.in_(claimed)
    if merchant_id is not None:
        mine = shops.c.merchant_id == merchant_id
        found = _first(connection, platform, and_(mine, or_(at, shops.c.addresses.overlap(claimed))))
        if found is not None:
            return found
    return _first(connection, platform, and_(at, shops.c.state != "removed"))


def note(tx: Tx, shop_id: int, platform: str, facts: ShopFacts) -> None:
    """Keep what the shop is told by, wherever it is."""
    words: dict[str, object] = {"addresses": list(facts.addresses)}
    if facts.sign:
        words["sign_hash"] = _hash(tx.ring, platform, facts.sign)
    _set(tx, shop_id, words)


def move(tx: Tx, shop_id: int, address: str) -> None:
    """Note where the shop is from now on."""
    _set(tx, shop_id, {"address": address})


def _first(connection: Connection, platform: str, *chosen: ColumnElement[bool]) -> Shop | None:
    erased = or_(shops.c.erasing_since.is_not(None), shops.c.forgotten_at.is_not(None))
    ours = select(shops.c.key).where(shops.c.platform == platform, ~erased, *chosen)
    # One that was removed may have been followed by another that is connected.
    key = connection.execute(ours.order_by(shops.c.state == "removed", shops.c.id)).scalars().first()
    return None if key is None else known.find_by_key(connection, key)


def _hash(ring: KeyRing, platform: str, sign: str) -> bytes:
    return ring.word_hash(f"sign of a shop:{platform}", sign)


def _set(tx: Tx, shop_id: int, words: dict[str, object]) -> None:
    tx.run(update(shops).where(shops.c.merchant_id == tx.merchant_id, shops.c.id == shop_id).values(**words))
