"""A history cut into parts by when its things were made, for shops that are too slow to put all of it into one file."""

from datetime import datetime, timedelta

from adapters.shopify import documents
from adapters.shopify.client import Client
from adapters.shopify.graph import Moment, Node
from adapters.shopify.results import Place, Span, Stage

SHORTEST = timedelta(days=1)  # customers are searched for by whole days
_FIELDS = {"customers": "customer_date", "orders": "created_at"}


class AgeNode(Node, frozen=True):
    created_at: Moment


class AgeData(Node, frozen=True):
    shop: AgeNode


def search(stage: Stage, span: Span, more: str | None) -> str | None:
    """Return the search for what was made within the span, and also meets `more`; None where that is everything."""
    field, terms = _FIELDS[stage], [more] if more else []
    if span.since is not None:
        terms.append(f"{field}:>='{_text(span.since)}'")
    if span.until is not None:
        terms.append(f"{field}:<'{_text(span.until)}'")
    return " ".join(terms) or None


def narrowed(client: Client, place: Place) -> Place:
    """Return the place with its span in two halves, the earlier one first; as it is where a day is left."""
    span = place.span
    since = span.since or client.ask(documents.SHOP_AGE, {}, AgeData).data.shop.created_at
    until = span.until or client.clock.now()
    middle = since + (until - since) / 2
    if until - since < 2 * SHORTEST:
        return place
    # At midnight, so that a filter by whole days parts them at the same place.
    middle = middle.replace(hour=0, minute=0, second=0, microsecond=0)
    first, second = Span(span.since, middle), Span(middle, span.until)
    return Place(place.stage, "", 0, 0, first, (second, *place.rest))


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
