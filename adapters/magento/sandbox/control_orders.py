"""The control routes of orders: placing them by the shop's own rules, and what happens to them afterwards."""

import msgspec

from adapters.magento.sandbox import aftermath, checkout, truth
from adapters.magento.sandbox.amounts import cents
from adapters.magento.sandbox.stage import Routes, Said, Stage


def page(ids: list[int], given: Said) -> list[int]:
    """Return the ids behind `after`, as many as `limit`."""
    after, limit = int(given.get("after") or 0), int(given.get("limit") or 1000)
    return [key for key in ids if key > after][:limit]


def list_orders(stage: Stage, given: Said) -> Said:
    with stage.shop.lock:
        rows = page(stage.shop.orders.ids, given)
        return {"orders": [truth.order(stage.shop.orders.rows[key]) for key in rows]}


def place(stage: Stage, given: Said) -> Said:
    at = stage.at(given)
    basket = msgspec.convert({k: v for k, v in given.items() if v is not None}, checkout.Basket, strict=False)
    with stage.shop.lock:
        order = checkout.place(stage.shop, basket, at)
        if given.get("paid"):
            aftermath.invoice(stage.shop, order, {}, at)
    return {"id": str(order.id), "number": order.number}


def pay(stage: Stage, given: Said, key: int) -> Said:
    with stage.shop.lock:
        aftermath.invoice(stage.shop, stage.order(key), {}, stage.at(given))
        return truth.order(stage.order(key))


def fulfil(stage: Stage, given: Said, key: int) -> Said:
    with stage.shop.lock:
        if not stage.order(key).virtual:
            aftermath.ship(stage.shop, stage.order(key), {}, stage.at(given))
        return truth.order(stage.order(key))


def cancel(stage: Stage, given: Said, key: int) -> Said:
    with stage.shop.lock:
        if not aftermath.cancel(stage.shop, stage.order(key), stage.at(given)):
            raise checkout.NotPossible("Magento cancels only what is not invoiced yet; refund the rest")
        return truth.order(stage.order(key))


def refund(stage: Stage, given: Said, key: int) -> Said:
    with stage.shop.lock:
        order = stage.order(key)
        lines = {
            checkout.line_of(order, one["line"]).id: int(one["quantity"]) for one in given.get("lines") or []
        }
        partly = bool(lines) or not given.keys().isdisjoint(("amount", "shipping", "fee"))
        shipping = cents(given.get("shipping") or 0) if partly else None
        # An empty choice would mean everything that is left.
        chosen = lines or ({order.lines[0].id: 0} if partly else {})
        typed = cents(given.get("amount") or 0)
        fee = cents(given.get("fee") or 0)
        saves = not given.get("silent")
        aftermath.refund(stage.shop, order, chosen, shipping, typed, fee, stage.at(given), saves=saves)
        return truth.order(stage.order(key))


def review(stage: Stage, given: Said, key: int) -> Said:
    """The payment is suspected of fraud, or with `accepted` no longer."""
    with stage.shop.lock:
        suspected = not given.get("accepted")
        if not aftermath.review(stage.shop, stage.order(key), suspected=suspected, at=stage.at(given)):
            raise checkout.NotPossible(
                "only a new or processing order's payment is looked at, and once at a time"
            )
        return truth.order(stage.order(key))


def edit(stage: Stage, given: Said, key: int) -> Said:
    """Magento's edit: the order is cancelled and another takes its place; the answer is the new one."""
    edits = msgspec.convert(given.get("lines") or [], tuple[checkout.Edit, ...], strict=False)
    add = msgspec.convert(given.get("add") or [], tuple[checkout.Wish, ...], strict=False)
    with stage.shop.lock:
        at = stage.at(given)
        new = checkout.edit(stage.shop, stage.order(key), edits, add, at)
        aftermath.cancel(stage.shop, stage.order(key), at)
        return truth.order(new)


def remove_order(stage: Stage, given: Said, key: int) -> Said:
    with stage.shop.lock:
        aftermath.remove(stage.shop, stage.order(key))
    return {"removed": True}


ROUTES: Routes = [
    ("GET", "orders", list_orders),
    ("POST", "orders", place),
    ("POST", "orders/<int:key>/pay", pay),
    ("POST", "orders/<int:key>/fulfil", fulfil),
    ("POST", "orders/<int:key>/cancel", cancel),
    ("POST", "orders/<int:key>/refund", refund),
    ("POST", "orders/<int:key>/review", review),
    ("POST", "orders/<int:key>/edit", edit),
    ("DELETE", "orders/<int:key>", remove_order),
]
