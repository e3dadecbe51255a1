"""The demo history: every invoice of UCI Online Retail becomes an order, every credit a refund of what it returns."""

import gc
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from adapters.shopify.sandbox import uci
from adapters.shopify.sandbox.credits import Credits, send
from adapters.shopify.sandbox.parts import product_id
from adapters.shopify.sandbox.people import invented
from adapters.shopify.sandbox.state import ZONE, Shop
from adapters.shopify.sandbox.things import Customer, Line, Order, Transaction

SLICE = Path(__file__).parent / "data" / "uci_slice.csv.xz"
FIRST_CUSTOMER, FIRST_ORDER = 7_100_000_000_000, 5_700_000_000_000
_LOCAL, _UTC = ZoneInfo(ZONE), ZoneInfo("UTC")
_LANGUAGES = {
    "Netherlands": "nl",
    "Belgium": "nl",
    "Germany": "de",
    "Austria": "de",
    "France": "fr",
    "Spain": "es",
    "Italy": "it",
}
_TAX = 2000


def fill(shop: Shop, wanted: str, until: date) -> None:
    """Load the history that was asked for: "none", "slice" or "full:<folder>"; no order is newer than `until`."""
    if wanted == "none":
        return
    if wanted == "slice":
        path = SLICE
    elif wanted.startswith("full:"):
        path = Path(wanted.removeprefix("full:")) / uci.FILE
    else:
        raise ValueError("a history is none, slice or full:<folder>")
    # Half a million small things without a cycle among them: looking for cycles would take as long as reading.
    gc.disable()
    try:
        _load(shop, uci.documents(path), until)
    finally:
        gc.enable()
        gc.freeze()


def weeks(newest: date, until: date) -> timedelta:
    """Return the shift in whole weeks that brings `newest` as near to `until` as can be, and not behind it."""
    return timedelta(weeks=(until - newest).days // 7)


def _load(shop: Shop, documents: list[uci.Document], until: date) -> None:
    notes: Counter[str] = Counter()
    newest = max(it.at.date() for it in documents if not it.credit and not it.adjustment)
    shift = weeks(newest, until)
    buyers: dict[int, Customer] = {}
    returns = Credits(shop, notes)
    for document in documents:
        at = utc(document.at + shift)
        notes["documents"] += 1
        if document.adjustment:
            notes["bookkeeping_lines_left_out"] += len(document.rows)
            continue
        buyer = _buyer(buyers, document, at)
        if document.credit:
            returns.take(document, at)
            continue
        order = _order(shop, document, at, buyer, notes)
        if order is None:
            continue
        returns.remember(order, document)
        if buyer is not None:
            buyer.order_ids.append(order.id)
            buyer.updated_at = at
    end = utc(datetime.combine(until, datetime.min.time()) + timedelta(days=1))
    orders = returns.orders
    for order in orders:
        send(shop, order, end)
    shop.orders.fill(orders)
    shop.customers.fill(list(buyers.values()))
    notes["orders"], notes["customers"] = len(orders), len(buyers)
    notes["guest_orders"] = sum(order.customer_id is None for order in orders)
    shop.notes = dict(sorted(notes.items()))
    shop.last_number = max((order.number for order in orders), default=1000)
    shop.last_ids |= {"customer": FIRST_CUSTOMER + 100_000, "order": FIRST_ORDER + 1_000_000}


def utc(local: datetime) -> datetime:
    """Read London's wall clock."""
    return local.replace(tzinfo=_LOCAL).astimezone(_UTC)


def _buyer(buyers: dict[int, Customer], document: uci.Document, at: datetime) -> Customer | None:
    if document.customer is None:
        return None
    if document.customer not in buyers:
        who = invented(document.customer)
        buyers[document.customer] = Customer(
            id=FIRST_CUSTOMER + document.customer,
            email=who.email,
            first_name=who.first_name,
            last_name=who.last_name,
            verified=document.customer % 10 != 0,
            created_at=at,
            updated_at=at,
            locale=_LANGUAGES.get(document.country, "en"),
        )
    return buyers[document.customer]


def _order(
    shop: Shop, document: uci.Document, at: datetime, buyer: Customer | None, notes: Counter[str]
) -> Order | None:
    """Turn an invoice into a paid order; None where nothing was sold."""
    shipping, titles, lines = 0, [], []
    for row in document.rows:
        if row.role == "bookkeeping" or row.role == "allowance":
            notes["bookkeeping_lines_left_out"] += 1
        elif row.quantity <= 0:
            notes["stock_lines_left_out"] += 1
        elif row.role == "shipping":
            notes["shipping_lines"] += 1
            shipping += row.quantity * row.price
            titles.append(row.title)
        else:
            lines.append(_line(shop, row))
            notes["gift_card_lines"] += row.role == "gift_card"
            notes["custom_lines"] += row.role == "custom"
            notes["free_lines"] += row.price == 0
            notes["rounded_lines"] += row.rounded
    total = shipping + sum(line.original for line in lines)
    if total == 0:
        notes["documents_without_a_sale_left_out"] += 1
        notes["lines_of_documents_without_a_sale"] += len(lines)
        return None
    notes["lines"] += len(lines)
    if not lines:
        # Postage billed on its own: an order has at least one line, and postage is no goods.
        notes["postage_only_orders"] += 1
        lines = [Line(shop.next_id("line"), "Postage only", None, 1, 1, 0)]
    number = int(document.number)
    order = Order(
        id=FIRST_ORDER + number,
        number=number,
        customer_id=buyer.id if buyer else None,
        email=buyer.email if buyer else f"guest-{number}@example.com",
        placed_at=at,
        updated_at=at,
        lines=lines,
        original_total=total,
        shipping=shipping,
        shipping_title=titles[0].title() if titles else "Standard",
        locale=buyer.locale if buyer else _LANGUAGES.get(document.country, "en"),
    )
    order.transactions = [Transaction(shop.next_id("transaction"), "SALE", total, at)]
    return order


def _line(shop: Shop, row: uci.Row) -> Line:
    gift = row.role == "gift_card"
    sold = row.role != "custom"
    return Line(
        id=shop.next_id("line"),
        title=row.title or row.code,
        sku=row.code if sold else None,
        quantity=row.quantity,
        current_quantity=row.quantity,
        unit_price=row.price,
        gift_card=gift,
        tax_rate=0 if gift else _TAX,
        product_id=product_id(row.code) if sold else None,
    )
