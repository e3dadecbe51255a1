"""Credit documents name no invoice; here each finds the orders whose goods came back."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta

from adapters.shopify.sandbox import orders, uci
from adapters.shopify.sandbox.state import Shop
from adapters.shopify.sandbox.things import Fulfillment, Line, Order

_Key = tuple[int | None, str, int]


class Credits:
    """All orders so far, and where a returned line may belong: same customer, product and price, newest first."""

    def __init__(self, shop: Shop, notes: Counter[str]) -> None:
        self.orders: list[Order] = []
        self._shop, self._notes = shop, notes
        self._sold: dict[_Key, list[tuple[Order, Line]]] = defaultdict(list)
        self._of: dict[int, list[Order]] = defaultdict(list)

    def remember(self, order: Order, document: uci.Document) -> None:
        """Take in an order, with the document it was made of."""
        self.orders.append(order)
        if document.customer is None:
            return
        self._of[document.customer].append(order)
        rows = [
            row for row in document.rows if row.quantity > 0 and row.role in ("goods", "custom", "gift_card")
        ]
        for row, line in zip(rows, order.lines, strict=False):
            self._sold[(document.customer, row.code.upper(), row.price)].append((order, line))

    def take(self, document: uci.Document, at: datetime) -> None:
        """Book a credit as refunds of earlier orders; count what finds none."""
        self._notes["credits"] += 1
        found: dict[int, _Return] = {}
        for row in document.rows:
            self._notes["credit_lines"] += 1
            if row.role == "bookkeeping":
                self._notes["bookkeeping_lines_left_out"] += 1
                outcome = "credit_lines_bookkeeping"
            elif document.customer is None:
                outcome = "credit_lines_of_guests_unmatched"
            elif row.role == "shipping":
                outcome = self._shipping(found, document.customer, -row.quantity * row.price)
            elif row.role == "allowance":
                outcome = self._allowance(found, document.customer, -row.quantity * row.price)
            else:
                outcome = self._units(found, document.customer, row)
            self._notes[outcome] += 1
        for back in found.values():
            self._book(back, at)

    def _units(self, found: dict[int, "_Return"], customer: int, row: uci.Row) -> str:
        left = -row.quantity
        for order, line in reversed(self._sold.get((customer, row.code.upper(), row.price), [])):
            back = found.get(order.id) or _Return(order)
            units = min(left, line.current_quantity - back.units[line.id])
            if units > 0:
                back.units[line.id] += units
                found[order.id] = back
                left -= units
            if not left:
                return "credit_lines_matched"
        if left == -row.quantity:
            return "credit_lines_unmatched"
        self._notes["units_unmatched_of_partly_matched"] += left
        return "credit_lines_partly_matched"

    def _shipping(self, found: dict[int, "_Return"], customer: int, amount: int) -> str:
        for order in reversed(self._of.get(customer, [])):
            back = found.get(order.id) or _Return(order)
            if order.shipping - order.refunded_shipping - back.shipping >= amount:
                back.shipping += amount
                found[order.id] = back
                return "credit_lines_matched"
        return "credit_lines_unmatched"

    def _allowance(self, found: dict[int, "_Return"], customer: int, amount: int) -> str:
        """A discount given afterwards: money back on the newest order that still holds that much."""
        for order in reversed(self._of.get(customer, [])):
            back = found.get(order.id) or _Return(order)
            if order.received - order.refunded - back.worth() >= amount:
                back.amount += amount
                found[order.id] = back
                return "credit_lines_matched"
        return "credit_lines_unmatched"

    def _book(self, back: "_Return", at: datetime) -> None:
        order = back.order
        left = order.received - order.refunded
        if left < 1:
            self._notes["returns_without_money_left"] += 1
            return
        send(self._shop, order, at)
        changes = [orders.Change(line_id, units) for line_id, units in back.units.items() if units]
        orders.book_refund(self._shop, order, at, changes, back.shipping, back.amount)
        self._notes["refunds"] += 1
        if not order.fulfillments and not any(line.current_quantity for line in order.lines):
            order.cancelled_at = at
            self._notes["cancelled_orders"] += 1
        order.updated_at = max(order.updated_at, at)


class _Return:
    """What one credit takes back from one order."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.units: Counter[int] = Counter()
        self.shipping = 0
        self.amount = 0

    def worth(self) -> int:
        """Return about how much money this takes back; the exact amounts follow when it is booked."""
        units = sum(self.order.line(line_id).worth(count) for line_id, count in self.units.items())
        return units + self.shipping + self.amount


def send(shop: Shop, order: Order, now: datetime) -> None:
    """Send what is left of an order if its day of sending has come: one to two days after it was placed."""
    at = order.placed_at + timedelta(hours=20 + order.number % 30)
    quantity = sum(line.current_quantity for line in order.lines)
    if order.fulfillments or order.cancelled_at or at > now or not quantity:
        return
    order.fulfillments = [Fulfillment(shop.next_id("fulfillment"), at, quantity)]
    order.updated_at = max(order.updated_at, at)
