"""An order as Magento's REST writes it: every amount twice, absent keys for what has not happened."""

import hashlib

from adapters.magento.sandbox.amounts import number
from adapters.magento.sandbox.line_bodies import SHORTENED, Body, line, twice, weight
from adapters.magento.sandbox.places import CURRENCY
from adapters.magento.sandbox.rows import Order


def _town(city: str, country: str, postcode: str, region: str, code: str) -> Body:
    return {"city": city, "country_id": country, "postcode": postcode, "region": region, "region_code": code}


def order(row: Order) -> Body:
    """Write the whole order; lines stand in it twice, as Magento sends them."""
    lines = [line(one, row) for one in row.lines]
    body: Body = {
        **twice(_totals(row), row.rate),
        **_head(row),
        "items": lines,
        "billing_address": address(row, "billing"),
        "payment": _payment(row),
        "status_histories": [_note(row, index) for index in range(len(row.notes))],
        "extension_attributes": {
            "shipping_assignments": [_assignment(row, lines)],
            "payment_additional_info": [{"key": "method_title", "value": "Check / Money order"}],
            "applied_taxes": [],
            "item_applied_taxes": [],
            "converting_from_quote": False,
            "taxes": [],
            "additional_itemized_taxes": [],
        },
    }
    if row.invoices:
        body["base_total_invoiced_cost"] = 0
    if row.credit:
        body["extension_attributes"] |= _credit(row)  # type: ignore[operator]
    return body


def _credit(row: Order) -> Body:
    """Write what only Adobe Commerce has: the order's store credit and gift cards; those come first."""
    spent = {"gift_cards_amount": row.cards, "customer_balance_amount": row.balance}
    for what in ("invoiced", "refunded") if row.invoices else ():
        so_far = row.credit_invoiced if what == "invoiced" else row.credit_refunded
        spent[f"gift_cards_{what}"] = min(row.cards, so_far)
        spent[f"customer_balance_{what}"] = so_far - min(row.cards, so_far)
    return twice(spent, row.rate)


def _head(row: Order) -> Body:
    top = [one for one in row.lines if one.parent_id is None]
    body: Body = {
        **money_words(row),
        "billing_address_id": address_id(row, "billing"),
        "created_at": row.placed_at,
        "customer_email": row.email,
        "customer_firstname": row.first_name,
        "customer_group_id": row.group_id,
        "customer_is_guest": int(row.guest),
        "customer_lastname": row.last_name,
        "customer_note_notify": int(not row.refunds),
        "email_sent": 1,
        "entity_id": row.id,
        "increment_id": row.number,
        "is_virtual": int(row.virtual),
        "protect_code": hashlib.blake2s(row.number.encode(), digest_size=16).hexdigest(),
        "quote_id": row.id,
        "remote_ip": "127.0.0.1",
        "state": row.state,
        "status": row.status,
        "store_id": row.store_id,
        "store_name": row.store_name,
        "total_item_count": len(top),
        "total_qty_ordered": sum(one.quantity for one in top),
        "updated_at": row.changed_at,
        "weight": number(sum(weight(one) * one.quantity for one in top)),
    }
    body.update(_optional(row))
    return body


def money_words(row: Order) -> Body:
    """Write which currency is which; `global` is the installation's, whatever the books of the website."""
    return {
        "base_currency_code": row.books,
        "global_currency_code": CURRENCY,
        "order_currency_code": row.currency,
        "store_currency_code": row.books,
        "base_to_global_rate": row.to_global,
        "base_to_order_rate": row.rate // 10000 if row.rate % 10000 == 0 else row.rate / 10000,
        "store_to_base_rate": 0,
        "store_to_order_rate": 0,
    }


def _optional(row: Order) -> Body:
    told: Body = {
        "applied_rule_ids": ",".join(map(str, row.rule_ids)),
        "coupon_code": row.coupon,
        "customer_dob": f"{row.born} 00:00:00" if row.born else "",
        "customer_gender": row.gender,
        "customer_id": row.customer_id,
        "discount_description": row.coupon,
        "edit_increment": row.edits,
        "hold_before_state": row.held_from if row.state == "holded" else "",
        "hold_before_status": _status(row.held_from) if row.state == "holded" else "",
        "original_increment_id": row.first_number,
        "relation_child_id": str(row.child_id or ""),
        "relation_child_real_id": row.child_number,
        "relation_parent_id": str(row.parent_id or ""),
        "relation_parent_real_id": row.parent_number,
        "shipping_description": "" if row.virtual else "Flat Rate - Fixed",
    }
    return {name: value for name, value in told.items() if value}


def _status(state: str) -> str:
    return "pending" if state == "new" else state


def _totals(row: Order) -> dict[str, int]:
    net = sum(one.row - one.tax_inside for one in row.lines)
    tax = sum(one.tax for one in row.lines) + row.shipping_tax
    off = sum(one.off(one.quantity) for one in row.lines)
    eased = sum(one.eased(one.quantity) for one in row.lines)
    totals = {
        "discount_amount": -off,
        "grand_total": row.total,
        "discount_tax_compensation_amount": eased,
        "shipping_amount": row.shipping - row.shipping_tax,
        "shipping_discount_amount": 0,
        SHORTENED: 0,
        "shipping_incl_tax": row.shipping,
        "shipping_tax_amount": row.shipping_tax,
        "subtotal": net,
        "subtotal_incl_tax": sum(one.row for one in row.lines),
        "tax_amount": tax,
        "total_due": row.total - row.total_invoiced,
    }
    if row.invoices:
        totals |= _part(row, "invoiced") | {
            "total_invoiced": row.total_invoiced,
            "total_paid": row.total_invoiced,
        }
    if row.called_off:
        gone = _part(row, "canceled")
        gone["discount_canceled"] = -gone["discount_canceled"]
        gone.pop("discount_tax_compensation_canceled")
        totals |= gone | {"total_canceled": row.total - row.total_invoiced}
    if row.refunds:
        totals |= _part(row, "refunded") | _refund(row)
    return totals


def _part(row: Order, what: str) -> dict[str, int]:
    """The sums of what was invoiced, cancelled or refunded of the lines, and the shipping that went with it."""
    so_many = [
        (one, one.quantity - one.invoiced if what == "canceled" else getattr(one, what)) for one in row.lines
    ]
    shipping = row.shipping_refunded if what == "refunded" else row.shipping
    if what == "canceled" and row.invoices:
        shipping = 0  # it went with the first invoice
    shipping_tax = row.shipping_tax * shipping // row.shipping if row.shipping else 0
    return {
        f"discount_{what}": -sum(one.off(n) for one, n in so_many),
        f"discount_tax_compensation_{what}": sum(one.eased(n) for one, n in so_many),
        f"shipping_{what}": shipping - shipping_tax,
        f"subtotal_{what}": sum(one.share(one.row, n) - one.share(one.tax_inside, n) for one, n in so_many),
        f"tax_{what}": sum(one.share(one.tax, n) for one, n in so_many) + shipping_tax,
    }


def _refund(row: Order) -> dict[str, int]:
    shipping_tax = row.shipping_tax * row.shipping_refunded // row.shipping if row.shipping else 0
    return {
        "adjustment_negative": row.adjusted_down,
        "adjustment_positive": row.adjusted_up,
        "shipping_tax_refunded": shipping_tax,
        "total_offline_refunded": row.refunded,
        "total_refunded": row.refunded,
    }


# --- people, payment, shipping -------------------------------------------------------------------------------------


def address(row: Order, kind: str) -> Body:
    """Write one of the order's two addresses; both are the same invented place."""
    return {
        "address_type": kind,
        "email": row.email,
        "entity_id": address_id(row, kind),
        "firstname": row.first_name,
        "lastname": row.last_name,
        "parent_id": row.id,
        "street": ["1 Example Street", "First floor"],
        "telephone": "5550100",
        **_TOWNS.get(row.currency, _TOWNS["USD"]),
    }


def address_id(row: Order, kind: str) -> int:
    """The number of an address; the one something is sent to comes first, and what is virtual has none such."""
    return row.id * 2 if kind == "billing" and not row.virtual else row.id * 2 - 1


# Where people of a store view live. Magento lists no regions of Great Britain, so there is no number of one.
_TOWNS: dict[str, Body] = {
    "USD": _town("Springfield", "US", "01101", "Massachusetts", "MA") | {"region_id": 32},
    "EUR": _town("Berlin", "DE", "10115", "Berlin", "BER") | {"region_id": 82},
    "GBP": _town("London", "GB", "SW1A 1AA", "Greater London", "Greater London"),
}


def _payment(row: Order) -> Body:
    amounts = {"amount_ordered": row.total, "shipping_amount": row.shipping - row.shipping_tax}
    if row.invoices:
        amounts |= {"amount_paid": row.total_invoiced, "shipping_captured": row.shipping - row.shipping_tax}
    if row.refunds:
        amounts |= {
            "amount_refunded": row.refunded,
            "shipping_refunded": _part(row, "refunded")["shipping_refunded"],
        }
    return {
        "account_status": None,
        "additional_information": ["Check / Money order"],
        **twice(amounts, row.rate),
        "cc_last4": None,
        "entity_id": row.id,
        "method": "checkmo",
        "parent_id": row.id,
    }


def _assignment(row: Order, lines: list[Body]) -> Body:
    names = [name for name in _totals(row) if name.startswith("shipping_")]
    total = twice({name: cents for name, cents in _totals(row).items() if name in names}, row.rate)
    shipping: Body = {"total": total}
    if not row.virtual:
        shipping = {"address": address(row, "shipping"), "method": "flatrate_flatrate", "total": total}
    return {"shipping": shipping, "items": lines}


def _note(row: Order, index: int) -> Body:
    note = row.notes[index]
    return {
        "comment": note.text,
        "created_at": note.at,
        "entity_id": note.id,
        "entity_name": note.about,
        "is_customer_notified": 0,
        "is_visible_on_front": 0,
        "parent_id": row.id,
        "status": note.status,
    }
