"""What happens in the bench's shops: the shipped order histories, as webhook bodies and as larger histories."""

from __future__ import annotations

import csv
import io
import lzma
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import msgspec

from adapters.shopify import signature
from adapters.shopify.sandbox import bodies, history, uci
from adapters.shopify.sandbox.state import Shop
from bench.ground import KEYS, now
from connector.records import Customer

# Numbers of customers and invoices in the histories span less than this; copies are set this far apart.
_CUSTOMERS_APART, _INVOICES_APART = 6_000, 50_000


class Letter(msgspec.Struct, frozen=True):
    """A signed message on its way to the door."""

    headers: dict[str, str]
    body: bytes


@cache
def shop() -> Shop:
    """The shipped slice of a real shop's history."""
    found = Shop("bench-1.myshopify.com")
    history.fill(found, "slice", (now() - timedelta(days=1)).date())
    return found


@cache
def order_bodies() -> tuple[bytes, ...]:
    """What orders/create says of every order of the slice that a known customer placed and kept as it was."""
    there = shop()
    untouched = [
        one
        for one in there.orders
        if one.customer_id is not None and not one.refunds and len(one.lines) <= 12
    ]
    return tuple(msgspec.json.encode(bodies.order(there, one)) for one in untouched)


def orders(count: int) -> Iterator[bytes]:
    """So many bodies; where the slice ends it begins anew under other order numbers."""
    known = order_bodies()
    for number in range(count):
        again, place = divmod(number, len(known))
        body = known[place]
        if again:
            ident = msgspec.json.decode(body, type=_Named).id
            body = body.replace(b"%d" % ident, b"%d" % (ident + again * 1_000_000))
        yield body


def customers() -> tuple[Customer, ...]:
    """Everybody in the slice, as the house knows them."""
    return tuple(
        Customer(
            id=str(one.id),
            created_at=one.created_at,
            changed_at=one.updated_at,
            email=one.email,
            email_verified=one.verified,
            name=f"{one.first_name} {one.last_name}",
        )
        for one in shop().customers
    )


def letter(topic: str, body: bytes, number: int, address: str = "bench-1.myshopify.com") -> Letter:
    """The body as the platform would send it."""
    return Letter(
        {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": signature.sign(KEYS["SHOPIFY_CLIENT_SECRET"], body),
            "X-Shopify-Shop-Domain": address,
            "X-Shopify-API-Version": "2026-10",
            "X-Shopify-Webhook-Id": f"bench-{number}",
            "X-Shopify-Triggered-At": now().isoformat(),
        },
        body,
    )


def longer_history(folder: Path, times: int, every: int = 1, lines: int | None = None) -> str:
    """Write the slice so many times over, each time with other customers and invoices; return what a sandbox loads.

    `every`: only each so-manieth customer of the slice is taken, with all their invoices; guests are left out.
    `lines`: only so many of every invoice, and what was given back is left out.
    """
    folder.mkdir(parents=True)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(uci.FIELDS)
    rows = [row for row in uci.lines(history.SLICE) if row[6] and int(row[6]) // 6 % every == 0]
    if lines is not None:
        rows = list(_cut(rows, lines))
    for copy in range(times):
        writer.writerows(_copied(row, copy) for row in rows)
    packed = lzma.compress(out.getvalue().encode(), preset=0)
    (folder / uci.FILE).write_bytes(packed)
    return f"full:{folder}"


class _Named(msgspec.Struct):
    id: int


def _cut(rows: list[list[str]], lines: int) -> Iterator[list[str]]:
    seen: Counter[str] = Counter()
    for row in rows:
        seen[row[0]] += 1
        if seen[row[0]] <= lines and not row[0].startswith("C"):
            yield row


def _copied(row: list[str], copy: int) -> list[str]:
    letters, digits = ("C", row[0][1:]) if row[0].startswith("C") else ("", row[0])
    invoice = f"{letters}{int(digits) + copy * _INVOICES_APART}"
    return [invoice, *row[1:6], str(int(row[6]) + copy * _CUSTOMERS_APART), row[7]]
