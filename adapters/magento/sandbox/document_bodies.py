"""Invoices, shipments and credit memos as Magento's REST writes them."""

from adapters.magento.sandbox.amounts import Number, converted, number, unit_price
from adapters.magento.sandbox.line_bodies import SHORTENED, Body, product_id, twice
from adapters.magento.sandbox.order_bodies import address_id, money_words
from adapters.magento.sandbox.rows import Document, Line, Order, Piece, Track


def invoice(row: Document, order: Order) -> Body:
    body: Body = {
        **twice(_totals(row) | {SHORTENED: 0}, order.rate),
        **_head(row, order),
        **money_words(order),
        "can_void_flag": 0,
        "state": 2,
        "total_qty": sum(piece.quantity for piece in row.pieces),
        "items": [_money_item(piece, row, order) for piece in row.pieces],
        "comments": [],
    }
    if order.coupon:
        body["discount_description"] = order.coupon
    return body


def credit_memo(row: Document, order: Order) -> Body:
    amounts = _totals(row) | {"adjustment": row.adjusted_up - row.adjusted_down}
    if row.adjusted_up or row.adjusted_down:
        amounts |= {"adjustment_positive": row.adjusted_up, "adjustment_negative": row.adjusted_down}
    return {
        **twice(amounts, order.rate),
        **_head(row, order),
        **money_words(order),
        "state": 2,
        "items": [_memo_item(piece, row, order) for piece in row.pieces],
        "comments": [],
    }


def shipment(row: Document, order: Order) -> Body:
    body: Body = {
        **_head(row, order),
        "packages": [],
        "total_qty": sum(piece.quantity for piece in row.pieces),
        "items": [_shipment_item(piece, row, order) for piece in row.pieces],
        "tracks": [track(one, row) for one in row.tracks],
        "comments": [],
        "extension_attributes": {"source_code": "default"},
    }
    if order.customer_id is not None:
        body["customer_id"] = order.customer_id
    return body


def track(one: Track, row: Document) -> Body:
    return {
        "order_id": row.order_id,
        "created_at": one.at,
        "entity_id": one.id,
        "parent_id": row.id,
        "updated_at": one.at,
        "weight": None,
        "qty": None,
        "description": None,
        "track_number": one.number,
        "title": one.title,
        "carrier_code": one.carrier,
    }


def _head(row: Document, order: Order) -> Body:
    body: Body = {
        "billing_address_id": address_id(order, "billing"),
        "created_at": row.at,
        "entity_id": row.id,
        "increment_id": row.number,
        "order_id": row.order_id,
        "store_id": order.store_id,
        "updated_at": row.at,
    }
    if not order.virtual:
        body["shipping_address_id"] = address_id(order, "shipping")
    return body


def _totals(row: Document) -> dict[str, int]:
    return {
        "discount_amount": -sum(piece.off for piece in row.pieces),
        "grand_total": row.total,
        "discount_tax_compensation_amount": sum(piece.eased for piece in row.pieces),
        "shipping_amount": row.shipping - row.shipping_tax,
        "shipping_incl_tax": row.shipping,
        "shipping_tax_amount": row.shipping_tax,
        "subtotal": sum(piece.row - piece.tax_inside for piece in row.pieces),
        "subtotal_incl_tax": sum(piece.row for piece in row.pieces),
        "tax_amount": sum(piece.tax for piece in row.pieces) + row.shipping_tax,
    }


# --- lines of documents --------------------------------------------------------------------------------------------


def _line(piece: Piece, order: Order) -> Line:
    return next(one for one in order.lines if one.id == piece.line_id)


def _item_head(piece: Piece, row: Document, one: Line) -> Body:
    return {
        "entity_id": piece.id,
        "name": one.title,
        "order_item_id": piece.line_id,
        "parent_id": row.id,
        "product_id": product_id(one.sku),
        "qty": piece.quantity,
        "sku": one.sku,
    }


def _prices(one: Line, order: Order) -> dict[str, Number]:
    net = one.row - one.tax_inside
    return {
        "base_price": unit_price(net, one.quantity),
        "base_price_incl_tax": unit_price(one.row, one.quantity),
        "price": unit_price(converted(net, order.rate), one.quantity),
        "price_incl_tax": unit_price(converted(one.row, order.rate), one.quantity),
    }


def _money_item(piece: Piece, row: Document, order: Order) -> Body:
    one = _line(piece, order)
    head = _item_head(piece, row, one)
    if one.parent_id is not None:
        return {**head, "base_price": 0, "price": 0}
    amounts = {
        "discount_amount": piece.off,
        "discount_tax_compensation_amount": piece.eased,
        "row_total": piece.row - piece.tax_inside,
        "row_total_incl_tax": piece.row,
        "tax_amount": piece.tax,
    }
    return {**head, **_prices(one, order), **twice(amounts, order.rate)}


def _memo_item(piece: Piece, row: Document, order: Order) -> Body:
    item = _money_item(piece, row, order) | {"base_cost": None}
    if _line(piece, order).parent_id is None:
        item |= {
            "base_weee_tax_row_disposition": 0,
            "weee_tax_applied": "[]",
            "weee_tax_applied_row_amount": 0,
            "weee_tax_row_disposition": 0,
        }
    return item


def _shipment_item(piece: Piece, row: Document, order: Order) -> Body:
    one = _line(piece, order)
    price = number(0) if one.parent_id is not None else unit_price(one.row - one.tax_inside, one.quantity)
    return {**_item_head(piece, row, one), "price": price, "weight": 0.1}
