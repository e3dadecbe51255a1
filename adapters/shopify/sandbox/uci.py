"""UCI Online Retail as documents: invoices and credits with their lines, in the order in which they were written.

What each stock code stands for is decided here, once; data/README.md says why.
"""

import csv
import io
import lzma
from collections.abc import Iterator
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path

import msgspec

FILE = "uci_online_retail.csv.xz"
FIELDS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
_SHIPPING = {"POST", "DOT", "C2"}
_BOOKKEEPING = {"BANK CHARGES", "AMAZONFEE", "CRUK", "B"}
_CUSTOM = {"M", "S"}
_ALLOWANCE = "D"


class Row(msgspec.Struct, frozen=True):
    """One line. `price` per unit in pence, as rounded; `role` says what kind of line it is."""

    code: str
    title: str
    quantity: int
    price: int
    role: str  # goods, custom, gift_card, shipping, allowance, bookkeeping
    rounded: bool


class Document(msgspec.Struct):
    """An invoice, or a credit where `number` starts with C. `at` is London's local time, as written."""

    number: str
    at: datetime
    customer: int | None
    country: str
    rows: list[Row]

    @property
    def credit(self) -> bool:
        return self.number.startswith("C")

    @property
    def adjustment(self) -> bool:
        """A bookkeeper's document of its own."""
        return self.number.startswith("A")


def lines(path: Path) -> Iterator[list[str]]:
    """Return the lines of a packed file, without its header."""
    # Unpacked at once: 45 MB, and line by line would take twice the time.
    reader = csv.reader(io.StringIO(lzma.decompress(path.read_bytes()).decode(), newline=""))
    if tuple(next(reader)) != FIELDS:
        raise ValueError(f"{path} is not UCI Online Retail")
    return reader


def documents(path: Path) -> list[Document]:
    """Return every document, oldest first; of several times on one, the first counts."""
    found: dict[str, Document] = {}
    price_of, role_of = cache(pence), cache(role)
    for number, code, title, quantity, at, price, customer, country in lines(path):
        document = found.get(number)
        if document is None:
            moment = datetime.fromisoformat(at)
            document = Document(number, moment, int(customer) if customer else None, country, [])
            found[number] = document
        exact, rounded = price_of(price)
        document.rows.append(Row(code, title.strip(), int(quantity), exact, role_of(code), rounded))
    return sorted(found.values(), key=lambda it: it.at)


def role(code: str) -> str:
    """Say what a stock code stands for."""
    plain = code.upper()
    if plain in _SHIPPING:
        return "shipping"
    if plain in _BOOKKEEPING:
        return "bookkeeping"
    if plain in _CUSTOM:
        return "custom"
    if plain == _ALLOWANCE:
        return "allowance"
    return "gift_card" if plain.startswith("GIFT_") else "goods"


def pence(price: str) -> tuple[int, bool]:
    """Return a price in pence, half a penny up, and whether that changed it."""
    exact = Decimal(price) * 100
    rounded = exact.quantize(Decimal(1), ROUND_HALF_UP)
    return int(rounded), rounded != exact
