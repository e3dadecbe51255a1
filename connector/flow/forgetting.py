"""Forgetting: uninstall, and what privacy law asks for. Acts only when the signed body names this very shop."""

from datetime import datetime

import msgspec

from connector.port import CustomerForgotten, DataAsked, ShopForgotten, ShopRemoved
from connector.store import inbox, people, privacy, shops
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
            return _export(tx, shop, request, now)
        case CustomerForgotten():
            return _forget(tx, shop, request, touched, now)
        case ShopForgotten():
            rows = privacy.erase_shop(tx, shop.id, now)
            privacy.write_down(tx, shop.name, "shop_forgotten", None, now, rows)
            return True, f"Everything personal of this shop was erased ({rows} rows)."


def _forget(
    tx: Tx, shop: shops.Shop, request: CustomerForgotten, touched: set[int], now: datetime
) -> tuple[bool, str]:
    found = privacy.find(tx, shop.id, request.customer_id, request.email)
    words = [
        tx.ring.word_hash("customer", customer_id) for customer_id in {*found, request.customer_id or ""}
    ]
    words += [tx.ring.word_hash("order", order_id) for order_id in request.order_ids]
    email = tx.ring.email_hash(tx.merchant_id, request.email)
    people.remember_to_forget(tx, shop.id, [*words, *([email] if email else [])], now)
    touched |= people.members_of(tx, shop.id, found)
    for customer_id in found:
        people.forget(tx, shop.id, customer_id, now)
        privacy.erase_export(tx, customer_id)
    rows = len(found) + privacy.forget_guest(tx, shop.id, email, request.order_ids)
    subjects = [f"customer {customer_id}" for customer_id in found]
    subjects += [f"order {order_id}" for order_id in privacy.orders_of(tx, shop.id, found, request.order_ids)]
    rows += inbox.erase_bodies(tx, shop.id, subjects)
    privacy.write_down(tx, shop.name, "customer_forgotten", request.customer_id, now, rows)
    return True, f"A person was erased ({rows} rows); the figures stay."


def _export(tx: Tx, shop: shops.Shop, request: DataAsked, now: datetime) -> tuple[bool, str]:
    found = privacy.find(tx, shop.id, request.customer_id, request.email)
    export = msgspec.json.format(msgspec.json.encode(privacy.export(tx, shop.id, found)), indent=2)
    privacy.write_down(tx, shop.name, "data_asked", request.customer_id, now, len(found), export)
    return True, "What is known of a person was put together; it is on the activity page."
