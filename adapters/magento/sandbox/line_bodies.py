"""An order line as Magento's REST writes it, and how amounts are told in two currencies."""

import hashlib

from adapters.magento.sandbox.amounts import converted, number, unit_price
from adapters.magento.sandbox.rows import Line, Order

Body = dict[str, object]

SHORTENED = "shipping_discount_tax_compensation_amount"  # its base twin has a shorter name in the database


_SHORTER = {
    SHORTENED: "base_shipping_discount_tax_compensation_amnt",
    "weee_tax_applied_row_amount": "base_weee_tax_applied_row_amnt",
}


def twice(amounts: dict[str, int], rate: int) -> Body:
    """Write each amount in the base currency and in the order's."""
    body: Body = {}
    for name, cents in amounts.items():
        base = _SHORTER.get(name, f"base_{name}")
        body[base] = number(cents)
        body[name] = number(converted(cents, rate))
    return body


def line(one: Line, row: Order) -> Body:
    """Write one line. `row_total` is net of its discount and holds its VAT, unlike the column of that name."""
    if row.priced_by_parts(one.id):
        return {**_whole_bundle(one, row), **_line_head(one, row), **_family(one, row)}
    amounts = {
        "discount_amount": one.off(one.quantity),
        "discount_invoiced": one.off(one.invoiced),
        "row_invoiced": one.share(one.row - one.tax_inside, one.invoiced),
        "row_total": max(0, one.paid),
        "row_total_incl_tax": max(0, one.paid),
        "tax_amount": one.tax,
        "tax_invoiced": one.share(one.tax, one.invoiced),
        "amount_refunded": one.share(one.row, one.refunded) - one.share(one.tax_inside, one.refunded),
    }
    if one.weee:
        amounts["weee_tax_applied_row_amount"] = one.weee
    if one.parent_id is None:
        amounts["discount_tax_compensation_amount"] = one.eased(one.quantity)
    if one.invoiced:
        amounts["discount_tax_compensation_invoiced"] = one.eased(one.invoiced)
    if one.refunded:
        amounts["discount_refunded"] = one.off(one.refunded)
        amounts["discount_tax_compensation_refunded"] = one.eased(one.refunded)
        amounts["tax_refunded"] = one.share(one.tax, one.refunded)
    return {**twice(amounts, row.rate), **_prices(one, row), **_line_head(one, row), **_family(one, row)}


def _whole_bundle(one: Line, row: Order) -> Body:
    """Write the parent of a bundle priced by its parts: their sum before any discount, which stands on them alone."""
    gross = sum(part.row for part in row.parts(one.id))
    net = gross - sum(part.tax_inside for part in row.parts(one.id))
    amounts = {"row_total": gross, "row_total_incl_tax": gross, "discount_amount": 0, "tax_amount": 0}
    return {**twice(amounts | {"amount_refunded": 0}, row.rate), "base_price": unit_price(net, one.quantity)}


def _prices(one: Line, row: Order) -> Body:
    net, gross = one.row - one.tax_inside, one.row
    prices: Body = {
        "base_price": unit_price(net, one.quantity),
        "price": unit_price(converted(net, row.rate), one.quantity),
        "original_price": unit_price(converted(gross, row.rate), one.quantity),
    }
    if one.parent_id is None:
        prices["base_original_price"] = unit_price(gross, one.quantity)
        prices["base_price_incl_tax"] = unit_price(gross, one.quantity)
        prices["price_incl_tax"] = unit_price(converted(gross, row.rate), one.quantity)
    return prices


def _line_head(one: Line, row: Order) -> Body:
    body: Body = {
        "created_at": row.placed_at,
        "discount_percent": number(one.percent),
        "free_shipping": 0,
        "is_qty_decimal": 0,
        "is_virtual": int(one.virtual),
        "item_id": one.id,
        "name": one.title,
        "no_discount": 0,
        "order_id": row.id,
        "product_id": product_id(one.sku),
        "product_type": one.kind,
        "qty_canceled": one.canceled,
        "qty_invoiced": one.invoiced,
        "qty_ordered": one.quantity,
        "qty_refunded": one.refunded,
        "qty_shipped": one.shipped,
        "quote_item_id": one.id,
        "row_weight": number(weight(one) * one.quantity),
        "sku": one.sku,
        "store_id": row.store_id,
        "tax_percent": number(one.tax_rate),
        "updated_at": row.placed_at,
        "weight": number(weight(one)),
        "extension_attributes": {"itemized_taxes": []},
    }
    if row.rule_ids and one.parent_id is None:
        body["applied_rule_ids"] = ",".join(map(str, row.rule_ids))
    if one.invoiced and one.parent_id is None:
        body["weee_tax_applied"] = "[]"
    if one.virtual:
        del body["weight"]
    if one.canceled:
        body |= {"tax_canceled": 0, "discount_tax_compensation_canceled": 0}
    return body


def _family(one: Line, row: Order) -> Body:
    """A configurable product is two lines of the same sku: the parent with the price, the child with the stock."""
    if one.kind == "configurable":
        options = [{"option_id": "93", "option_value": 4}]
        return {"product_option": {"extension_attributes": {"configurable_item_options": options}}}
    if one.parent_id is None:
        return {}
    parent = next(other for other in row.lines if other.id == one.parent_id)
    return {"parent_item_id": one.parent_id, "parent_item": line(parent, row)}


def product_id(sku: str) -> int:
    return int.from_bytes(hashlib.blake2s(sku.encode(), digest_size=3).digest()) + 1


def weight(one: Line) -> int:
    return 0 if one.virtual or one.parent_id is not None else 10  # hundredths: a CD weighs a tenth of a kilo
