"""What happens to an order after it was placed: invoice, shipment, refund, cancellation, hold."""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from adapters.magento.sandbox.checkout import NotPossible
from adapters.magento.sandbox.promotions import count_use
from adapters.magento.sandbox.rows import Document, Line, Note, Order, Piece, Stamp, State, Track
from adapters.magento.sandbox.shop import Shop

Quantities = Mapping[int, int]  # by line id; an empty one means all that is left
Left = Callable[[Line], int]

_STUCK = ("canceled", "closed", "holded", "payment_review")


def invoice(shop: Shop, order: Order, quantities: Quantities, at: Stamp) -> Document:
    """Invoice pieces and take the money for them, as an offline payment method does."""
    if order.state in _STUCK:
        raise NotPossible("an order that is cancelled, closed or held is not invoiced")
    if order.called_off:
        raise NotPossible("what was not invoiced is cancelled")
    chosen = _chosen(order, quantities, lambda line: line.quantity - line.invoiced - line.canceled)
    if not chosen:
        raise NotPossible("there is nothing left to invoice")
    first = not order.invoices
    document = Document(
        id=shop.invoices.next_id(),
        number=_number(shop, order, "invoice"),
        order_id=order.id,
        at=at,
        pieces=_pieces(shop, order, chosen, "invoiced"),
        shipping=order.shipping if first else 0,
        shipping_tax=order.shipping_tax if first else 0,
    )
    # Store credit and gift cards are used up before any money is asked for.
    document = replace(document, credit=min(document.worth, order.credit - order.credit_invoiced))
    shop.invoices.put(document)
    lines = tuple(replace(line, invoiced=line.invoiced + chosen.get(line.id, 0)) for line in order.lines)
    credit = order.credit_invoiced + document.credit
    _keep(shop, replace(order, lines=lines, invoices=order.invoices + 1, credit_invoiced=credit), at)
    return document


def ship(shop: Shop, order: Order, quantities: Quantities, at: Stamp) -> Document:
    """Ship pieces; what is virtual, refunded or cancelled is not shipped."""
    if order.state in _STUCK:
        raise NotPossible("an order that is cancelled, closed or held is not shipped")
    chosen = _chosen(order, quantities, _unshipped)
    if not chosen:
        raise NotPossible("there is nothing left to ship")
    document = Document(
        id=shop.shipments.next_id(),
        number=_number(shop, order, "shipment"),
        order_id=order.id,
        at=at,
        pieces=_pieces(shop, order, chosen, "shipped"),
    )
    shop.shipments.put(document)
    lines = tuple(replace(line, shipped=line.shipped + chosen.get(line.id, 0)) for line in order.lines)
    _keep(shop, replace(order, lines=lines), at)
    return document


def refund(
    shop: Shop,
    order: Order,
    quantities: Quantities,
    shipping: int | None,
    up: int,
    down: int,
    at: Stamp,
    *,
    saves: bool = True,
) -> Document:
    """Give money back offline: pieces, shipping (None: all that is left), and an adjustment up or down.

    Without `saves` the order is left as it was, as modules do that make the credit memo alone.
    """
    if not order.invoices or order.state in _STUCK:
        raise NotPossible("only an invoiced order that is not cancelled, closed or held is refunded")
    chosen = _chosen(order, quantities, lambda line: line.invoiced - line.refunded)
    left = order.shipping - order.shipping_refunded
    back = left if shipping is None else shipping
    if back > left:
        raise NotPossible("more shipping than was paid cannot be refunded")
    document = Document(
        id=shop.memos.next_id(),
        number=_number(shop, order, "memo"),
        order_id=order.id,
        at=at,
        pieces=_pieces(shop, order, chosen, "refunded"),
        shipping=back,
        shipping_tax=order.shipping_tax * back // order.shipping if order.shipping else 0,
        adjusted_up=up,
        adjusted_down=down,
    )
    credit = min(max(0, document.worth), order.credit_invoiced - order.credit_refunded)
    document = replace(document, credit=credit)
    if document.total < 0 or order.refunded + document.total > order.total_invoiced:
        raise NotPossible("more than was paid cannot be refunded")
    shop.memos.put(document)
    if not saves:
        return document
    lines = tuple(replace(line, refunded=line.refunded + chosen.get(line.id, 0)) for line in order.lines)
    order = replace(
        order,
        lines=lines,
        refunds=order.refunds + 1,
        refunded=order.refunded + document.total,
        credit_refunded=order.credit_refunded + credit,
        shipping_refunded=order.shipping_refunded + back,
        adjusted_up=order.adjusted_up + up,
        adjusted_down=order.adjusted_down + down,
    )
    text = f"We refunded ${document.total / 100:.2f} offline."
    note = Note(shop.next_number("note"), text, "creditmemo", _state(order), at)
    _keep(shop, replace(order, notes=(*order.notes, note)), at)
    return document


def add_track(shop: Shop, parcel: Document, number: str, title: str, carrier: str, at: Stamp) -> Track:
    """Note a parcel's number at its carrier; the order does not move by it, and nobody is told."""
    track = Track(shop.next_number("track"), number, title, carrier, at)
    shop.shipments.put(replace(parcel, tracks=(*parcel.tracks, track)))
    return track


def cancel(shop: Shop, order: Order, at: Stamp) -> bool:
    """Cancel what is not invoiced; False when nothing is left to cancel, as the shop answers."""
    if order.state in (*_STUCK, "complete") or order.called_off:
        return False
    if all(line.invoiced >= line.quantity for line in order.lines):
        return False
    lines = tuple(replace(line, canceled=_cancellable(order, line)) for line in order.lines)
    order = replace(order, lines=lines, called_off=True)
    if not order.invoices:
        order = replace(order, state="canceled", canceled_at=at)
    count_use(shop, order.coupon, order.customer_id, -1)
    _keep(shop, order, at)
    return True


def hold(shop: Shop, order: Order, *, held: bool, at: Stamp) -> bool:
    """Put the order on hold, or take it off; False when that is not possible."""
    if held == (order.state == "holded") or order.state in (
        "canceled",
        "closed",
        "complete",
        "payment_review",
    ):
        return False
    state: State = "holded" if held else order.held_from
    order = replace(order, state=state, held_from=order.state if held else "new", changed_at=shop.moved(at))
    shop.orders.put(order)
    shop.told("order", order.id)
    return True


def review(shop: Shop, order: Order, *, suspected: bool, at: Stamp) -> bool:
    """Have the payment looked at for fraud, or accept it; False when that is not possible."""
    if suspected == (order.state == "payment_review") or (
        suspected and order.state not in ("new", "processing")
    ):
        return False
    state: State = "payment_review" if suspected else order.held_from
    _keep(shop, replace(order, state=state, held_from=order.state if suspected else "new"), at)
    return True


def remove(shop: Shop, order: Order) -> None:
    """Delete the order without a trace, as deletion modules do; Open Source itself cannot."""
    for table in (shop.invoices, shop.shipments, shop.memos):
        for document in table.where("order_id", order.id):
            table.drop(document.id)
    shop.orders.drop(order.id)
    shop.told("order", order.id)


def _number(shop: Shop, order: Order, what: str) -> str:
    """The next number of a document: each kind is counted by store view, as orders are."""
    view = shop.places.view(order.store_id) or shop.places.views[0]
    return f"{view.prefix}{shop.next_number(f'{what} {view.code}'):09d}"


# --- inside --------------------------------------------------------------------------------------------------------


def _keep(shop: Shop, order: Order, at: Stamp) -> None:
    parcels = shop.shipments.where("order_id", order.id)
    if parcels and order.shipped_at is None and not any(_unshipped(line) for line in order.lines):
        order = replace(order, shipped_at=max(parcel.at for parcel in parcels))
    order = replace(order, state=_state(order), changed_at=shop.moved(at))
    shop.orders.put(replace(order, paid_at=_paid_at(shop, order)))
    shop.told("order", order.id)


def _paid_at(shop: Shop, order: Order) -> Stamp | None:
    """Since when nothing is owed: the last invoice that was needed, and without any owed from the start."""
    if order.state in ("canceled", "payment_review"):
        return None
    left = order.owed
    for document in sorted(shop.invoices.where("order_id", order.id), key=lambda each: (each.at, each.id)):
        left -= document.total
        if left <= 0:
            return document.at
    return order.placed_at if left <= 0 and order.state in ("processing", "complete", "closed") else None


def _state(order: Order) -> State:
    """Where the order stands, by what was invoiced, shipped and refunded."""
    if order.state in ("canceled", "holded", "payment_review"):
        return order.state
    back = order.refunded + order.credit_refunded
    everything_back = order.refunds > 0 and back >= order.total_invoiced + order.credit_invoiced
    if everything_back:
        return "closed"
    invoiced = order.called_off or all(line.invoiced >= line.quantity for line in order.lines)
    if invoiced and not any(_unshipped(line) for line in order.lines):
        return "complete"
    touched = order.invoices > 0 or any(line.shipped for line in order.lines)
    return "processing" if touched else "new"


def _unshipped(line: Line) -> int:
    # Magento ships the parent of a configurable product; its child stays at zero.
    # So with a bundle, unless its parts are sent one by one.
    if line.virtual or (line.kind == "bundle" if line.apart else line.parent_id is not None):
        return 0
    return max(0, line.quantity - line.shipped - line.refunded - line.canceled)


def _cancellable(order: Order, line: Line) -> int:
    """How many pieces of the line are called cancelled: those neither invoiced nor sent, on the line that has both.

    A line in whose place another is invoiced has none, and one in whose place another is sent; so no line of a bundle
    does that is priced by its parts and sent as one.
    """
    bundle = line.parent_id or line.id
    if line not in order.counted or (order.priced_by_parts(bundle) != line.apart and _in_bundle(order, line)):
        return 0
    return max(0, line.quantity - max(line.invoiced, line.shipped))


def _in_bundle(order: Order, line: Line) -> bool:
    return line.kind == "bundle" or any(
        one.id == line.parent_id and one.kind == "bundle" for one in order.lines
    )


def _chosen(order: Order, quantities: Quantities, left: Left) -> dict[int, int]:
    """How many of each line; a child goes with its parent. Raise NotPossible beyond what is left."""
    chosen = {line.id: left(line) for line in order.lines} if not quantities else dict(quantities)
    known = {line.id: line for line in order.lines}
    for key, amount in list(chosen.items()):
        if key not in known:
            raise NotPossible(f"the order has no line {key}")
        if amount < 0 or amount > left(known[key]):
            raise NotPossible(f"line {key} has {left(known[key])} left, not {amount}")
    for line in order.lines:
        if line.parent_id in chosen and line.id not in chosen:
            chosen[line.id] = min(chosen[line.parent_id], max(0, left(line)))
    return {key: amount for key, amount in chosen.items() if amount}


def _pieces(shop: Shop, order: Order, chosen: Mapping[int, int], what: str) -> tuple[Piece, ...]:
    """The document's lines; amounts are differences of running shares, so that the last piece brings the last cent."""
    pieces = []
    for line in order.lines:
        amount = chosen.get(line.id, 0)
        if not amount:
            continue
        before = int(getattr(line, what))
        row, off, inside, tax, weee = (
            line.share(whole, before + amount) - line.share(whole, before)
            for whole in (line.row, line.discount, line.tax_inside, line.tax, line.weee)
        )
        number = shop.next_number(f"piece {what}")  # each kind of document counts its own
        pieces.append(Piece(number, line.id, amount, row, off, inside, tax, weee, line.on_top))
    return tuple(pieces)
