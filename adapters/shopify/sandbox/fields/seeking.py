"""What orders, customers and discounts can be searched by, and how."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from adapters.shopify.sandbox import search
from adapters.shopify.sandbox.fields.ask import Ask
from adapters.shopify.sandbox.parts import financial_status
from adapters.shopify.sandbox.search import Term
from adapters.shopify.sandbox.shelf import Shelf
from adapters.shopify.sandbox.things import Customer, Discount, Order

_TIMES = {"updated_at", "created_at", "processed_at"}
Meets = Callable[[Term, Any, Ask], bool]


def order_meets(term: Term, it: Order, ask: Ask) -> bool:
    match term.field:
        case "updated_at":
            return search.time_matches(term, it.updated_at)
        case "created_at" | "processed_at":
            return search.time_matches(term, it.placed_at)
        case "id":
            return search.number_matches(term, it.id)
        case "customer_id":
            return it.customer_id is not None and search.number_matches(term, it.customer_id)
        case "email":
            return search.text_matches(term, it.email)
        case "test":
            return (term.value == "true") == it.test
        case "financial_status":
            return search.text_matches(term, financial_status(it))
        case "discount_code":
            return search.text_matches(term, it.codes[0] if it.codes else None)
        case _:
            return search.text_matches(term, f"#{it.number}")


def customer_meets(term: Term, it: Customer, ask: Ask) -> bool:
    match term.field:
        case "updated_at":
            return search.day_matches(term, it.updated_at)
        case "customer_date":
            return search.day_matches(term, it.created_at)
        case "id":
            return search.number_matches(term, it.id)
        case "tag":
            return any(search.text_matches(term, tag) for tag in it.tags)
        case "first_name":
            return search.text_matches(term, it.first_name)
        case "last_name":
            return search.text_matches(term, it.last_name)
        case _:
            return search.text_matches(term, it.email)


def discount_meets(term: Term, it: Discount, ask: Ask) -> bool:
    match term.field:
        case "status":
            return search.text_matches(term, it.status(ask.shop.now()))
        case "code":
            return search.text_matches(term, it.code)
        case "id":
            return search.number_matches(term, it.id)
        case "starts_at":
            return search.time_matches(term, it.starts_at)
        case "ends_at":
            return search.time_matches(term, it.ends_at)
        case "created_at":
            return search.time_matches(term, it.created_at)
        case "updated_at":
            return search.time_matches(term, it.updated_at)
        case "type":
            return term.value != "app"
        case "method":
            return term.value == "code"
        case _:
            return search.title_matches(term, it.title)


ORDER_TERMS = {
    "updated_at",
    "created_at",
    "processed_at",
    "id",
    "customer_id",
    "email",
    "test",
    "financial_status",
    "discount_code",
    "name",
}
CUSTOMER_TERMS = {"updated_at", "customer_date", "id", "tag", "first_name", "last_name", "email"}
DISCOUNT_TERMS = {
    "status",
    "code",
    "id",
    "starts_at",
    "ends_at",
    "created_at",
    "updated_at",
    "type",
    "method",
    "title",
}


def asked_for(ask: Ask, field: str, query: str | None, terms: set[str], meets: Meets) -> tuple[Any, Any]:
    """Return the parsed search and its test; what was passed over is noted beside the answer."""
    asked = search.parse(query, terms)
    if asked.warnings:
        warned = [
            {"field": name, "message": f"{name} cannot be searched for here", "code": code}
            for name, code in asked.warnings
        ]
        ask.searches.append({"path": [field], "query": query, "warnings": warned})
    groups = [group for group in asked.groups if group]

    def wanted(it: Any) -> bool:
        return not groups or any(
            all(meets(term, it, ask) != term.negated for term in group) for group in groups
        )

    return asked, wanted


def _bounds(asked: search.Filter, measure: str, whole_days: bool) -> tuple[datetime | None, datetime | None]:
    """Return between which times a search can find anything, where it names them at all."""
    low = high = None
    if len(asked.groups) == 1 and measure in _TIMES:
        slack = timedelta(days=2) if whole_days else timedelta(0)
        for term in asked.groups[0]:
            at = search.moment(term.value) if term.field == measure and not term.negated else None
            if at is not None and term.op.startswith(">"):
                low = at - slack
            elif at is not None and term.op.startswith("<"):
                high = at + slack
    return low, high


def found(
    shelf: Shelf[Any], asked: search.Filter, measure: str, whole_days: bool = False
) -> list[tuple[object, int]]:
    return shelf.between(measure, *_bounds(asked, measure, whole_days))
