"""Welcoming: a shop that has proved itself is kept, and its history is sent for."""

from datetime import datetime

import msgspec

from connector.flow import again, choosing
from connector.port import Already, Installed, Platform, Refused, ShopFacts
from connector.store import cards, inbox, merchants, moves, outbox, queue, runs, shops, vaults
from connector.store.database import Connection, Database, Tx, bind

SPENT = "This code was used before or is too old. Make a new one in Comeback, under Add a shop."


class Arrived(msgspec.Struct, frozen=True):
    """Who came in. `first`: the shop was never here before."""

    merchant_id: int
    shop_id: int
    shop_key: str
    first: bool


def welcome(database: Database, platform: Platform, installed: Installed, now: datetime) -> Arrived:
    """Keep the shop and its tokens; a known shop comes back to its merchant, a new one joins or founds one.

    One that is known by its sign comes back from another address, which is its own from then on; where it does not say
    itself that it has moved, by a code of its merchant only. Raises Already when it would be here twice, and Refused when
    a code that is needed or brought by a new shop is another merchant's, unknown, used or too old.
    """
    facts = installed.facts
    with database.everyone() as connection:
        known = shops.find_by_address(connection, platform.name, facts.address) or _moved(
            database, connection, platform, installed, now
        )
        merchant_id = (
            known.merchant_id if known else _merchant(database, connection, platform, installed, now)
        )
        bind(connection, merchant_id)
        tx = Tx(connection, merchant_id, database.ring)
        if known is None or not shops.hold(tx, known.id).is_erased:
            return _keep(tx, known, platform, installed, now)
    # It was erased while we waited for it. What comes to its address now is a new shop.
    return welcome(database, platform, installed, now)


def _moved(
    database: Database, connection: Connection, platform: Platform, installed: Installed, now: datetime
) -> shops.Shop | None:
    """Return the shop of this sign where it is known elsewhere; raise Refused where nothing shows that it is this one."""
    facts, code = installed.facts, installed.merchant_code
    known = moves.known_elsewhere(connection, database.ring, platform.name, facts.address, facts.sign)
    if known is not None and not installed.has_moved:
        # Whoever once set up the shop's integration may hold the key and secret that its sign is made of.
        whose = merchants.find_pass(connection, code, "join", now) if code else None
        if whose != known.merchant_id:
            raise Refused(SPENT)
    return known


def _keep(
    tx: Tx, known: shops.Shop | None, platform: Platform, installed: Installed, now: datetime
) -> Arrived:
    shop = known or shops.add(tx, platform.name, platform.mark_kind, installed.facts, now)
    choosing.heed(tx, shop.id, platform, installed.facts, now)
    if known is not None:
        moves.move(tx, known.id, installed.facts.address)
        _take_up(tx, known.id, installed.facts, now)
    moves.note(tx, shop.id, platform.name, installed.facts)
    vaults.keep(tx, shop.id, installed.tokens)
    queue.subscribe(tx.connection, tx.merchant_id, shop.id)
    _send_for_history(tx, shop, now)
    return Arrived(tx.merchant_id, shop.id, shop.key, known is None)


def take_up(tx: Tx, shop_id: int, facts: ShopFacts, now: datetime) -> bool:
    """Go on with a shop that takes its old tokens again, as if it had been connected anew; tell whether it still waited."""
    shop = shops.hold(tx, shop_id)
    if shop.state != "reconnect" or shop.is_erased:
        return False
    _take_up(tx, shop_id, facts, now)
    queue.subscribe(tx.connection, tx.merchant_id, shop_id)
    _send_for_history(tx, shop, now)
    return True


def _take_up(tx: Tx, shop_id: int, facts: ShopFacts, now: datetime) -> None:
    shops.come_back(tx, shop_id, facts, now)
    # What an app wrote in its own place may have gone with it.
    cards.doubt(tx, shop_id)
    inbox.hurry(tx, shop_id)
    outbox.hurry(tx, shop_id, now)
    again.rights_there(tx, shop_id, now)


def _merchant(
    database: Database, connection: Connection, platform: Platform, installed: Installed, now: datetime
) -> int:
    joined = None
    if installed.merchant_code:
        joined = merchants.find_pass(connection, installed.merchant_code, "join", now)
        if joined is None:
            # Founding a programme instead would go unnoticed until the points are missed.
            raise Refused(SPENT)
    facts = installed.facts
    twin = moves.twin(connection, platform.name, facts, joined)
    if twin is not None:
        # Every order of it would count twice, or in two programmes.
        raise Already(twin.address if twin.merchant_id == joined else "", removed=twin.state == "removed")
    if joined is not None:
        return joined
    language = "nl" if facts.language.lower().startswith("nl") else "en"
    return merchants.add(connection, database.ring, facts.name, facts.currency, facts.timezone, language, now)


def _send_for_history(tx: Tx, shop: shops.Shop, now: datetime) -> None:
    imported = runs.latest(tx, shop.id, "import")
    if imported is None or imported.state != "done":
        if imported is None or imported.state == "failed":
            runs.begin(tx, shop.id, "import", now)
        queue.import_history(tx.connection, tx.merchant_id, shop.id)
    else:
        queue.reconcile(tx.connection, tx.merchant_id, shop.id, "full")
