"""What a Magento shop keeps in its tables, as frozen records.

Amounts are minor units of the books of the order's website (US cents on the main one), VAT included unless the name
says otherwise; prices in the shop include VAT. Moments are Stamps: UTC as Magento writes it,
"2026-06-01 00:00:00", which sorts as text.
"""

from typing import Literal

import msgspec

from connector.money import portion

Stamp = str
State = Literal["new", "processing", "complete", "closed", "canceled", "holded", "payment_review"]
LineKind = Literal["simple", "virtual", "giftcard", "configurable", "bundle"]


class Line(msgspec.Struct, frozen=True):
    """One ordered line. `row` is price x quantity; `tax_inside` the VAT of `row`, `tax` the VAT left after discount."""

    id: int
    sku: str
    title: str
    quantity: int
    row: int
    discount: int = 0
    tax_rate: int = 0  # hundredths of a per cent
    tax_inside: int = 0
    tax: int = 0
    kind: LineKind = "simple"
    parent_id: int | None = None
    invoiced: int = 0
    shipped: int = 0
    refunded: int = 0
    canceled: int = 0
    weee: int = 0  # fixed product tax of the whole row, beside its price
    apart: bool = False  # a bundle, or a part of one, whose parts are sent one by one
    percent: int = 0  # of the discount, in hundredths of a per cent
    on_top: bool = False  # the shop's prices are without VAT, and so is what it says of a discount

    @property
    def paid(self) -> int:
        """What the line costs after its discount, VAT included."""
        return self.row - self.discount

    @property
    def virtual(self) -> bool:
        return self.kind in ("virtual", "giftcard")

    def share(self, amount: int, quantity: int) -> int:
        """The part of one of this line's amounts that belongs to so many pieces."""
        return portion(amount, quantity, self.quantity) if self.quantity else 0

    def eased(self, quantity: int) -> int:
        """The VAT that the discount saves on so many pieces; where prices are without it, no discount holds any."""
        return 0 if self.on_top else self._saved(quantity)

    def off(self, quantity: int) -> int:
        """The discount on so many pieces, as the shop tells it."""
        return self.share(self.discount, quantity) - (self._saved(quantity) if self.on_top else 0)

    def _saved(self, quantity: int) -> int:
        return self.share(self.tax_inside, quantity) - self.share(self.tax, quantity)

    def due(self, quantity: int) -> int:
        """What so many pieces cost after the discount, VAT and fixed product tax included."""
        paid = self.share(self.row, quantity) - self.share(self.discount, quantity)
        return paid + self.share(self.weee, quantity)


class Note(msgspec.Struct, frozen=True):
    """One line of an order's comments."""

    id: int
    text: str
    about: str
    status: str
    at: Stamp


class Order(msgspec.Struct, frozen=True):
    """One order with everything that happened to it so far."""

    id: int
    number: str
    store_id: int
    currency: str
    rate: int  # ten-thousandths of a unit of `currency` for one of the books
    customer_id: int | None
    guest: bool
    email: str
    first_name: str
    last_name: str
    group_id: int
    placed_at: Stamp
    changed_at: Stamp
    lines: tuple[Line, ...]
    shipping: int = 0
    shipping_tax: int = 0
    coupon: str = ""
    rule_ids: tuple[int, ...] = ()
    state: State = "new"
    held_from: State = "new"
    paid_at: Stamp | None = None
    shipped_at: Stamp | None = None
    canceled_at: Stamp | None = None
    invoices: int = 0
    refunds: int = 0
    refunded: int = 0
    shipping_refunded: int = 0
    adjusted_up: int = 0
    adjusted_down: int = 0
    parent_id: int | None = None
    parent_number: str = ""
    child_id: int | None = None
    child_number: str = ""
    edits: int = 0
    first_number: str = ""
    notes: tuple[Note, ...] = ()
    books: str = "USD"  # the base currency
    statuses: str = ""  # what the shop's own names of statuses begin with
    to_global: float = 1
    born: str = ""  # the customer's day of birth, as the shop knew it then
    gender: int | None = None
    store_name: str = "Main Website\nMain Website Store\nDefault Store View"
    # Adobe Commerce: paid by store credit and by gift cards. Its totals are what is left to pay.
    balance: int = 0
    cards: int = 0
    credit_invoiced: int = 0
    credit_refunded: int = 0
    called_off: bool = False  # cancelled: all that was not invoiced then

    @property
    def worth(self) -> int:
        """What was bought, whatever it was paid with."""
        return sum(line.due(line.quantity) for line in self.lines) + self.shipping

    @property
    def credit(self) -> int:
        return self.balance + self.cards

    @property
    def total(self) -> int:
        return self.worth - self.credit

    @property
    def total_invoiced(self) -> int:
        if not self.invoices:
            return 0
        return sum(line.due(line.invoiced) for line in self.lines) + self.shipping - self.credit_invoiced

    @property
    def owed(self) -> int:
        """The total, less what was cancelled."""
        return self.total_invoiced if self.called_off else self.total

    @property
    def counted(self) -> tuple[Line, ...]:
        """The lines that carry the money: a bundle priced by its parts counts by them."""
        return tuple(
            line
            for line in self.lines
            if self.priced_by_parts(line.parent_id or line.id) == bool(line.parent_id)
        )

    def priced_by_parts(self, key: int) -> bool:
        bundle = any(line.id == key and line.kind == "bundle" for line in self.lines)
        return bundle and any(line.row for line in self.parts(key))

    def parts(self, key: int) -> list[Line]:
        return [line for line in self.lines if line.parent_id == key]

    @property
    def virtual(self) -> bool:
        return all(line.virtual for line in self.lines)

    @property
    def status(self) -> str:
        return self.statuses + ("pending" if self.state == "new" else self.state)


class Piece(msgspec.Struct, frozen=True):
    """So many of one order line on an invoice, a shipment or a credit memo. Amounts are this document's share."""

    id: int
    line_id: int
    quantity: int
    row: int = 0
    discount: int = 0
    tax_inside: int = 0
    tax: int = 0
    weee: int = 0
    on_top: bool = False

    @property
    def eased(self) -> int:
        return 0 if self.on_top else self.tax_inside - self.tax

    @property
    def off(self) -> int:
        return self.discount - (self.tax_inside - self.tax if self.on_top else 0)


class Track(msgspec.Struct, frozen=True):
    """A parcel's number at its carrier."""

    id: int
    number: str
    title: str
    carrier: str
    at: Stamp


class Document(msgspec.Struct, frozen=True):
    """An invoice, a shipment or a credit memo: what is common to them. Only a shipment changes later, by its tracks."""

    id: int
    number: str
    order_id: int
    at: Stamp
    pieces: tuple[Piece, ...]
    shipping: int = 0
    shipping_tax: int = 0
    adjusted_up: int = 0
    adjusted_down: int = 0
    credit: int = 0  # the part of it that was paid, or is given back, by store credit and gift cards
    tracks: tuple[Track, ...] = ()

    @property
    def changed_at(self) -> Stamp:
        return self.at

    @property
    def worth(self) -> int:
        goods = sum(piece.row - piece.discount + piece.weee for piece in self.pieces)
        return goods + self.shipping + self.adjusted_up - self.adjusted_down

    @property
    def total(self) -> int:
        return self.worth - self.credit


class Address(msgspec.Struct, frozen=True):
    """A customer's address, as it came over REST."""

    id: int
    fields: tuple[tuple[str, object], ...]


class Customer(msgspec.Struct, frozen=True):
    """An account in the shop. `confirmation` is a word while the e-mail address is not confirmed, else empty."""

    id: int
    email: str
    first_name: str
    last_name: str
    group_id: int
    created_at: Stamp
    changed_at: Stamp
    store_id: int = 1
    website_id: int = 1
    confirmation: str = ""
    subscribed: bool = False
    more: tuple[tuple[str, str | int], ...] = ()  # dob, gender, prefix ...: kept as they came
    addresses: tuple[Address, ...] = ()
    created_in: str = "Default Store View"
    attributes: tuple[tuple[str, str], ...] = ()  # custom ones, in the order the shop made them
    keeps_group: bool = False  # whatever the check of VAT numbers says


class Group(msgspec.Struct, frozen=True):
    """A customer group; `code` is its name."""

    id: int
    code: str
    tax_class_id: int = 3
    shut_out_of: tuple[int, ...] = ()  # websites


class Coupon(msgspec.Struct, frozen=True):
    """One code of a rule. Its own expiration date is kept and, as in Magento, not enforced."""

    id: int
    rule_id: int
    code: str
    usage_limit: int
    usage_per_customer: int
    created_at: Stamp
    kind: int = 0  # 0 typed by hand, 1 generated
    primary: bool = False
    expires: str = ""
    used: int = 0
