"""The routes of orders and their documents."""

from typing import Any

from adapters.magento.sandbox import aftermath, criteria, document_bodies, order_bodies
from adapters.magento.sandbox.amounts import cents
from adapters.magento.sandbox.ask import Ask, route
from adapters.magento.sandbox.catalogues import search
from adapters.magento.sandbox.checkout import NotPossible
from adapters.magento.sandbox.problems import Problem, no_order, required
from adapters.magento.sandbox.rows import Document, Order
from adapters.magento.sandbox.shop import Shop
from adapters.magento.sandbox.table import Table
from connector.money import NotMoney

_VIEW = "Magento_Sales::actions_view"


@route("GET", "orders", _VIEW)
def orders(shop: Shop, ask: Ask) -> object:
    return search(shop, "orders", criteria.read(ask.query))


@route("GET", "orders/:id", _VIEW)
def order(shop: Shop, ask: Ask) -> object:
    return order_bodies.order(_order(shop, ask))


@route("GET", "orders/:id/statuses", _VIEW)
def status(shop: Shop, ask: Ask) -> object:
    return _order(shop, ask).status


@route("GET", "invoices", "Magento_Sales::sales_invoice")
def invoices(shop: Shop, ask: Ask) -> object:
    return search(shop, "invoices", criteria.read(ask.query))


@route("GET", "shipments", "Magento_Sales::shipment")
def shipments(shop: Shop, ask: Ask) -> object:
    return search(shop, "shipments", criteria.read(ask.query))


@route("GET", "creditmemos", "Magento_Sales::sales_creditmemo")
def credit_memos(shop: Shop, ask: Ask) -> object:
    return search(shop, "creditmemos", criteria.read(ask.query))


@route("GET", "invoices/:id", "Magento_Sales::sales_invoice")
def invoice(shop: Shop, ask: Ask) -> object:
    row, placed = _document(shop, shop.invoices, ask)
    return document_bodies.invoice(row, placed)


@route("GET", "shipment/:id", "Magento_Sales::shipment")
def shipment(shop: Shop, ask: Ask) -> object:
    row, placed = _document(shop, shop.shipments, ask)
    return document_bodies.shipment(row, placed)


@route("GET", "creditmemo/:id", "Magento_Sales::sales_creditmemo")
def credit_memo(shop: Shop, ask: Ask) -> object:
    row, placed = _document(shop, shop.memos, ask)
    return document_bodies.credit_memo(row, placed)


@route("POST", "order/:id/invoice", "Magento_Sales::invoice")
def make_invoice(shop: Shop, ask: Ask) -> object:
    placed = _order(shop, ask)
    try:
        return aftermath.invoice(shop, placed, _quantities(ask), shop.now()).id
    except NotPossible as why:
        raise _invalid("Invoice", why) from why


@route("POST", "order/:id/ship", "Magento_Sales::ship")
def make_shipment(shop: Shop, ask: Ask) -> object:
    placed = _order(shop, ask)
    try:
        return aftermath.ship(shop, placed, _quantities(ask), shop.now()).id
    except NotPossible as why:
        raise _invalid("Shipment", why) from why


@route("POST", "order/:id/refund", "Magento_Sales::creditmemo")
def make_refund(shop: Shop, ask: Ask) -> object:
    placed = _order(shop, ask)
    arguments: dict[str, Any] = ask.body.get("arguments") or {}
    try:
        shipping = cents(arguments["shipping_amount"]) if "shipping_amount" in arguments else None
        up = cents(arguments.get("adjustment_positive") or 0)
        down = cents(arguments.get("adjustment_negative") or 0)
        return aftermath.refund(shop, placed, _quantities(ask), shipping, up, down, shop.now()).id
    except (NotPossible, NotMoney) as why:
        raise _invalid("Creditmemo", why) from why


@route("POST", "orders/:id/cancel", "Magento_Sales::cancel")
def cancel(shop: Shop, ask: Ask) -> object:
    return aftermath.cancel(shop, _order(shop, ask), shop.now())


@route("POST", "orders/:id/hold", "Magento_Sales::hold")
def hold(shop: Shop, ask: Ask) -> object:
    return aftermath.hold(shop, _order(shop, ask), held=True, at=shop.now())


@route("POST", "orders/:id/unhold", "Magento_Sales::unhold")
def unhold(shop: Shop, ask: Ask) -> object:
    return aftermath.hold(shop, _order(shop, ask), held=False, at=shop.now())


def _order(shop: Shop, ask: Ask) -> Order:
    found = shop.orders.get(ask.id)
    if found is None:
        raise no_order()
    return found


def _document(shop: Shop, table: Table[Document], ask: Ask) -> tuple[Document, Order]:
    found = table.get(ask.id)
    if found is None:
        raise no_order()
    return found, shop.orders.rows[found.order_id]


def _quantities(ask: Ask) -> dict[int, int]:
    wanted = {}
    for item in ask.body.get("items") or []:
        for name in ("order_item_id", "qty"):
            if name not in item:
                raise required(name)
        wanted[int(item["order_item_id"])] = int(item["qty"])
    return wanted


def _invalid(what: str, why: Exception) -> Problem:
    return Problem(400, f"{what} Document Validation Error(s):\n{why}")
