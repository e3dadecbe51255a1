"""Magento's orders and customers as the house's records. Pure: no network, no clock.

Amounts are the books' (`base_*`): the only ones that can be added up, whatever currency the shopper was shown.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from msgspec.structs import replace

from connector.money import exponent
from connector.records import Customer, LineItem, Order

from . import wire

# What an order that nothing is owed for is in once it is accepted; before, it may still be called off unpaid.
_ACCEPTED = ("processing", "complete", "closed")
CANCELLED = 3  # a credit memo's state
TOO_MUCH = 10**12  # Magento's own columns hold less
MANY = 10**9  # of one thing in one order; more is no number that a column of ours holds
_NOTHING = Decimal(0)
OPEN, PAID = 1, 2  # an invoice's states: money still to be captured, and captured; 3 is cancelled
_SECONDS = len("2026-01-31 12:00:00")
_ZEROS = ("0000-", "-")  # PHP writes the date of zeros as the last day of November before the year 0


def moment(text: str) -> datetime:
    """Read a time of Magento's: UTC, without saying so."""
    if len(text) == _SECONDS:
        return datetime.fromisoformat(f"{text}+00:00")  # a fifth of the cost: there are four to an order
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _when(*told: str | None) -> datetime:
    """Return the first of these times that is one; shops brought over from elsewhere have dates of zeros."""
    for text in told:
        if text and not text.startswith(_ZEROS):
            return moment(text)
    raise ValueError("no date in isoformat")


def minor(amount: Decimal | None, currency: str) -> int:
    """Return minor units; absent means nothing. Magento reckons in floats and keeps four decimals: half a cent goes up.

    Raises ValueError for what is no amount.
    """
    if amount is None:
        return 0
    if not amount.is_finite():
        raise ValueError("no amount")
    return _minor(amount, currency)


@lru_cache(maxsize=1 << 13)  # prices repeat
def _minor(amount: Decimal, currency: str) -> int:
    if abs(amount) >= TOO_MUCH:
        raise ValueError("no amount")
    return int(amount.scaleb(exponent(currency)).quantize(Decimal(1), ROUND_HALF_UP))


def order(
    found: wire.Order,
    invoices: Iterable[wire.Invoice] = (),
    shipments: Iterable[wire.Shipment] = (),
    memos: Iterable[wire.CreditMemo] = (),
) -> Order:
    """Return the order with its invoices, shipments and credit memos as one picture.

    Raises ValueError or ArithmeticError where one of them cannot be read.
    """
    invoices, shipments, memos = list(invoices), list(shipments), list(memos)
    _insist(found, *invoices, *shipments, *memos)
    currency = found.base_currency_code
    counted, total = _bought(found)
    refunded, elsewhere = _refunded(found, memos)
    paid_at = _paid_at(found, invoices)
    return Order(
        id=str(found.entity_id),
        number=found.increment_id or str(found.entity_id),
        currency=currency,
        placed_at=_placed_at(found),
        changed_at=_changed_at(found),
        total=minor(total, currency),
        lines=tuple(_line(line, currency) for line in counted),
        customer_id=str(found.customer_id) if found.customer_id else None,
        email=found.customer_email or None,
        orphaned=found.customer_is_guest == 0 and not found.customer_id,
        paid_at=paid_at,
        fulfilled_at=_fulfilled_at(found, paid_at, shipments),
        # Magento keeps no time of a cancellation. An order that is cancelled hardly moves again, so its last
        # change is it; where it does move, the time is too late, never too early.
        cancelled_at=_changed_at(found) if found.state == "canceled" else None,
        refunded=minor(refunded, currency),
        refunded_shipping=minor(elsewhere, currency),
        coupon_codes=tuple(
            code.strip().upper() for code in (found.coupon_code or "").split(",") if code.strip()
        ),
    )


def customer(
    found: wire.Customer,
    carried: tuple[tuple[str, ...], str | None],
    language: str | None,
    confirms_email: bool,
    currency: str | None = None,
) -> Customer:
    """Return the customer. `carried`: the tags, or the one group they are in, ours or not; and the group beside tags.
    `currency`: of their website's books.

    Magento does not say whether an address is proven. Where the shop asks newcomers to confirm theirs, and others a
    changed one, one without an open confirmation is. Raises ValueError where the row cannot be read.
    """
    _insist(found)
    name = " ".join(part.strip() for part in (found.firstname, found.lastname) if part and part.strip())
    return Customer(
        id=str(found.id),
        created_at=_when(found.created_at, found.updated_at),
        changed_at=_when(found.updated_at, found.created_at),
        email=found.email or None,
        email_verified=confirms_email and bool(found.email) and not found.confirmation,
        name=name or None,
        language=language,
        marks=carried[0],
        group=carried[1],
        currency=currency,
    )


def lines(found: wire.Order) -> list[wire.Line]:
    """Return the lines that carry the money, each thing bought once.

    A configurable product is two lines, the parent with the price and the variant with nothing; counting both would
    double the quantity. A bundle priced by its parts carries its money on the parts, a fixed one on the parent; a part
    keeps its price where a discount leaves nothing of it, while the parent shows the sum before all discounts.
    """
    rows = found.items or []
    counted = []
    for row in (row for row in rows if row.parent_item_id is None):
        parts = [part for part in rows if part.parent_item_id == row.item_id]
        split = row.product_type == "bundle" and any(part.base_price or part.base_row_total for part in parts)
        counted += parts if split else [row]
    return counted


def _bought(found: wire.Order) -> tuple[list[wire.Line], Decimal]:
    """Return the lines that count, and the total: without what was cancelled of an order whose rest went on.

    Nobody paid for that part or got money back for it, so beside a refund of the rest it would count for kept.
    """
    counted, total = lines(found), found.base_grand_total or _NOTHING
    # Where store credit pays for all of it, no money is cancelled, and a line that is free has no subtotal.
    rest = found.base_total_canceled or found.base_subtotal_canceled
    if found.state == "canceled" or not (rest or any(line.qty_canceled for line in counted)):
        return counted, total + found.credit.spent
    # Magento calls a piece cancelled only if it was neither invoiced nor sent, and never a part of a bundle that is sent
    # as one; its total leaves out all that was not invoiced. Orders brought over are paid without invoices. A module that
    # cancels line by line says so on the line alone, and what is not invoiced yet is still to come.
    invoiced = bool(rest) and any(line.qty_invoiced for line in counted)
    cut = [_cut(line, found.base_currency_code, invoiced=invoiced) for line in counted]
    return [line for line in cut if line.qty_ordered], _wanted(found) + found.credit.used


def _wanted(found: wire.Order) -> Decimal:
    """Return the money that is wanted of an order, without what was cancelled of it.

    Magento calls cancelled all that was not captured by then, and an invoice that was open is captured after that.
    """
    total, gone = found.base_grand_total or _NOTHING, found.base_total_canceled or _NOTHING
    return max(total - gone, found.base_total_paid or _NOTHING) if gone else total


def _cut(line: wire.Line, currency: str, *, invoiced: bool) -> wire.Line:
    """Return the line as if only what was not cancelled had been ordered, its amounts in proportion."""
    ordered, gone = line.qty_ordered or _NOTHING, line.qty_canceled or _NOTHING
    left = min(ordered, line.qty_invoiced or _NOTHING) if invoiced else max(ordered - gone, _NOTHING)
    if left == ordered:
        return replace(line, qty_canceled=None)

    def part(amount: Decimal | None) -> Decimal:
        return Decimal(int(minor(amount, currency) * left / ordered)).scaleb(-exponent(currency))

    row, tax = part(line.base_row_total), part(line.base_tax_amount)
    return replace(line, qty_ordered=left, qty_canceled=None, base_row_total=row, base_tax_amount=tax)


def _line(line: wire.Line, currency: str) -> LineItem:
    quantity, current = _quantities(line)
    return LineItem(
        id=str(line.item_id),
        title=line.name or line.sku or "",
        quantity=quantity,
        current_quantity=current,
        # Older patch levels let a discount on the tax as well go below nothing.
        amount=max(0, minor(line.base_row_total, currency)),
        tax=minor(line.base_tax_amount, currency),
        kind="gift_card" if line.product_type == "giftcard" else "goods",
        product_id=str(line.product_id) if line.product_id else None,
        sku=line.sku or None,
    )


def _quantities(line: wire.Line) -> tuple[int, int]:
    ordered, kept = line.qty_ordered or _NOTHING, _kept(line)
    if max(ordered, kept) >= MANY:
        raise ValueError("no quantity")
    if ordered == ordered.to_integral_value() and kept == kept.to_integral_value():
        return int(ordered), int(kept)
    # 2.5 metres of cloth are one thing bought; what is taken back of it shows in the money refunded.
    return 1, 1 if kept > 0 else 0


def _kept(line: wire.Line) -> Decimal:
    gone = (line.qty_refunded or 0) + (line.qty_canceled or 0)
    return max(_NOTHING, (line.qty_ordered or _NOTHING) - gone)


def _changed_at(found: wire.Order) -> datetime:
    return _when(found.updated_at, found.created_at)


def _placed_at(found: wire.Order) -> datetime:
    return _when(found.created_at, found.updated_at)


def _insist(*rows: wire.Order | wire.Customer | wire.Invoice | wire.Shipment | wire.CreditMemo) -> None:
    if any(row.created_at == wire.SPOILT for row in rows):
        raise ValueError("a row that is not understood")


def _refunded(found: wire.Order, memos: list[wire.CreditMemo]) -> tuple[Decimal, Decimal]:
    """Return the money given back, and the part of it that was for no line: shipping, fixed product taxes, gift wrapping.

    A sum typed in beside the lines counts as given back for goods, whoever gave it had them in mind; a fee kept back is kept
    of them.
    """
    told = (found.base_total_refunded or _NOTHING) + found.credit.given_back
    done = [memo for memo in memos if memo.state != CANCELLED]
    if not told and not done:
        return _NOTHING, _NOTHING
    proven = sum((memo.base_grand_total or _NOTHING for memo in done), found.credit.given_back)
    currency = found.base_currency_code
    if minor(proven, currency) - minor(told, currency) > len(done):
        # Modules make credit memos and do not save the order, whose totals and lines then know nothing of them. The two
        # are rounded apart: half a cent more in a memo is no money that the order does not know of.
        parts = (part for memo in done for part in (memo.base_shipping_amount, memo.base_shipping_tax_amount))
        return proven, min(sum((part for part in parts if part), _NOTHING), proven)
    counted = lines(found)
    typed = (found.base_adjustment_positive or _NOTHING) - (found.base_adjustment_negative or 0)
    goods = sum((line.given_back for line in counted), typed)
    shipping = (found.base_shipping_refunded or _NOTHING) + (found.base_shipping_tax_refunded or 0)
    if not shipping and not typed and not any(line.base_amount_refunded for line in counted):
        # Orders brought over from another shop tell a sum and nothing of what it was for.
        return told, _NOTHING
    return told, min(max(told - goods, _NOTHING), told)


def _paid_at(found: wire.Order, invoices: list[wire.Invoice]) -> datetime | None:
    """Return when the last part that was owed was invoiced and paid; None while something is open."""
    # On hold it stands as it stood before, and waits.
    state = found.hold_before_state if found.state == "holded" else found.state
    if state == "payment_review":
        # Money that the bank or a fraud check may still take back: Magento sends nothing out for it either.
        return None
    # Magento reckons in floats: what was paid may fall a hundredth of a cent short of what was owed, and stay so.
    currency = found.base_currency_code
    owed = minor(_wanted(found), currency)
    if found.base_total_canceled and any(invoice.state == OPEN for invoice in invoices):
        return None  # what it is for still counts for cancelled
    paid = _NOTHING
    for invoice in sorted(invoices, key=lambda each: (each.created_at, each.entity_id)):
        paid += (invoice.base_grand_total or _NOTHING) if invoice.state == PAID else _NOTHING
        if invoice.state == PAID and minor(paid, currency) >= owed:
            return moment(invoice.created_at)
    if minor(found.base_total_paid, currency) >= owed > 0 or (owed <= 0 and state in _ACCEPTED):
        # Orders brought over from another shop are paid without invoices, and so is one that a code or store credit paid
        # in full; the order's own time is all there is.
        return _placed_at(found)
    return None


def _fulfilled_at(
    found: wire.Order, paid_at: datetime | None, shipments: list[wire.Shipment]
) -> datetime | None:
    """Return when the last parcel of a fully sent order left; what needs no parcel is there once it is paid."""
    rows = found.items or []
    solid = [row for row in rows if row.parent_item_id is None and not row.is_virtual]
    if not solid:
        return paid_at
    if not shipments or any(not _sent(line, rows) for line in solid):
        return None
    return max(moment(shipment.created_at) for shipment in shipments)


def _sent(line: wire.Line, rows: list[wire.Line]) -> bool:
    """Tell whether what is left of the line has left; a bundle's parts may be sent as one, or one by one."""
    parts = [row for row in rows if row.parent_item_id == line.item_id and not row.is_virtual]
    return _left(line) or (bool(parts) and all(map(_left, parts)))


def _left(line: wire.Line) -> bool:
    return (line.qty_shipped or 0) >= _kept(line)
