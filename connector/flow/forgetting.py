"""Forgetting: uninstall, and what privacy law asks for. Acts only when the signed body names this very shop."""

from datetime import datetime

import msgspec

from connector.flow import erasing
from connector.port import CustomerForgotten, DataAsked, ShopForgotten, ShopRemoved
from connector.store import bodies, exports, forgotten, people, privacy, proofs, shops
from connector.store.database import Tx

Request = CustomerForgotten | DataAsked | ShopForgotten | ShopRemoved


def heed(
    tx: Tx, shop: shops.Shop, request: Request, touched: set[int], sent_at: datetime, now: datetime
) -> tuple[bool, str]:
    """Do what is asked; return whether anything was done, and a sentence without personal words."""
    if request.shop_address.casefold() != shop.address.casefold():
        # Headers are not signed: a genuine message of one shop could be sent again in the name of another.
        return False, "The signed message names another shop; nothing was done."
    if isinstance(request, ShopRemoved | ShopForgotten) and sent_at < shop.installed_at:
        # It was late, and the merchant has installed again since: acting on it would cut off a living shop.
        return False, "Sent before the shop was installed again; nothing was done."
    match request:
        case ShopRemoved():
            shops.remove(tx, shop.id, now)
            return True, "Comeback was removed from the shop; its tokens are deleted."
        case DataAsked():
            return _export(tx, shop, request, sent_at, now)
        case CustomerForgotten():
            return _forget(tx, shop, request, touched, sent_at, now)
        case ShopForgotten():
            return _forget_shop(tx, shop, request, sent_at, now)


def _forget_shop(
    tx: Tx, shop: shops.Shop, request: ShopForgotten, sent_at: datetime, now: datetime
) -> tuple[bool, str]:
    # It was asked meanwhile, if it seemed connected (asking.wish); and its merchant may be installing again right now.
    there = shops.hold(tx, shop.id)
    if there.state == "connected":
        return False, "The shop has Comeback installed; nothing was erased."
    if there.state == "reconnect" and sent_at - request.waited < there.installed_at:
        # It is about a removal before this installation, whose token is refused for another reason.
        return False, "About a removal before the shop was installed again; nothing was erased."
    if not erasing.begin(tx, shop.id, sent_at, now):
        return False, erasing.MEANWHILE
    return True, "The shop is out of use, and everything of it is being erased."


def _forget(
    tx: Tx, shop: shops.Shop, request: CustomerForgotten, touched: set[int], sent_at: datetime, now: datetime
) -> tuple[bool, str]:
    found = privacy.find(tx, shop.id, request.customer_id, request.email)
    named = sorted({*found, *([request.customer_id] if request.customer_id else [])})
    words = privacy.about(tx, named, request.order_ids, request.email)
    email = tx.ring.email_hash(tx.merchant_id, request.email)
    forgotten.remember(tx, shop.id, words, now)
    members = people.members_of(tx, shop.id, found)
    touched |= members
    claimed = privacy.keep_claims(tx, shop.id, found)
    theirs = privacy.orders_of(tx, shop.id, found, request.order_ids, email)
    subjects = [f"customer {customer_id}" for customer_id in named]
    subjects += [f"order {order_id}" for order_id in theirs]
    tables = {
        "customers": len(found),
        "orders": claimed + privacy.forget_guest(tx, shop.id, email, request.order_ids),
        "inbox": bodies.erase(tx, shop.id, subjects)
        + bodies.erase_unread(tx, shop.id, [*named, *theirs, (request.email or "").strip()]),
        "privacy": privacy.erase_exports(tx, shop.id, named, words),
    }
    for customer_id in named:
        number = people.forget(tx, shop.id, customer_id, now)
        privacy.rename(tx, shop.id, customer_id, number)
    tables |= privacy.erase_reasons(tx, sorted(members))
    proofs.write_down(tx, proofs.Deed(shop.name, "customer_forgotten", sent_at, tables), now)
    return True, f"A person was erased ({sum(tables.values())} rows); the figures stay."


def _export(
    tx: Tx, shop: shops.Shop, request: DataAsked, sent_at: datetime, now: datetime
) -> tuple[bool, str]:
    found = privacy.find(tx, shop.id, request.customer_id, request.email)
    people_known = exports.of(tx, shop.id, found)
    without_account = exports.guest(tx, shop.id, request.email, request.order_ids)
    said = msgspec.json.encode({"customers": people_known, "orders_without_account": without_account})
    tables = {"customers": len(found), "orders": sum(len(one["orders"]) for one in people_known)}
    tables["orders"] += len(without_account)
    words = privacy.about(
        tx, [*found, *filter(None, [request.customer_id])], request.order_ids, request.email
    )
    number = (*found, None)[0]
    deed = proofs.Deed(shop.name, "data_asked", sent_at, tables, request.request_id, number, shop.id, words)
    proofs.write_down(tx, deed, now, msgspec.json.format(said, indent=2))
    return True, "What is known of a person was put together; it is on the activity page."
