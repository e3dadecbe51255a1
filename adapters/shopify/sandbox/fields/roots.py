"""Where reading starts: single things, pages of them, counts."""

from datetime import timedelta
from typing import Any

from adapters.shopify.sandbox import discounts, paging, search
from adapters.shopify.sandbox.fields import many_codes, seeking
from adapters.shopify.sandbox.fields.ask import Answer, Ask, Counted, number_of
from adapters.shopify.sandbox.refusals import GraphRefusal
from adapters.shopify.sandbox.things import Customer, Order

_DISCOUNT_ID = ("DiscountCodeNode", "DiscountNode")


def visible(ask: Ask, it: Order) -> bool:
    """An app without read_all_orders sees orders of the last days only."""
    if "read_all_orders" in ask.scopes:
        return True
    return it.placed_at >= ask.shop.now() - timedelta(days=ask.shop.order_days)


def _orders(
    _: object,
    ask: Ask,
    query: str | None = None,
    sortKey: str = "PROCESSED_AT",
    **cut: Any,
) -> object:
    asked, wanted = seeking.asked_for(ask, "orders", query, seeking.ORDER_TERMS, seeking.order_meets)
    measure = "processed_at" if sortKey in ("PROCESSED_AT", "CREATED_AT") else sortKey.lower()
    rows = seeking.found(ask.shop.orders, asked, measure)
    cut.pop("savedSearchId", None)
    things = ask.shop.orders.things
    return paging.page(
        rows,
        paging.Cut(**cut),
        things.__getitem__,
        lambda it: visible(ask, it) and wanted(it),
        ask.shop.page_end,
    )


def _customers(
    _: object,
    ask: Ask,
    query: str | None = None,
    sortKey: str = "ID",
    **cut: Any,
) -> object:
    asked, wanted = seeking.asked_for(ask, "customers", query, seeking.CUSTOMER_TERMS, seeking.customer_meets)
    rows = seeking.found(ask.shop.customers, asked, sortKey.lower(), whole_days=True)
    return paging.page(
        rows, paging.Cut(**cut), ask.shop.customers.things.__getitem__, wanted, ask.shop.page_end
    )


def _discounts(
    _: object,
    ask: Ask,
    query: str | None = None,
    sortKey: str = "ID",
    **cut: Any,
) -> object:
    _asked, wanted = seeking.asked_for(
        ask, "discountNodes", query, seeking.DISCOUNT_TERMS, seeking.discount_meets
    )
    cut.pop("savedSearchId", None)
    measure = sortKey.lower() if sortKey not in ("ENDS_AT", "RELEVANCE") else "id"
    rows = ask.shop.discounts.between(measure, None, None)
    return paging.page(
        rows, paging.Cut(**cut), ask.shop.discounts.things.__getitem__, wanted, ask.shop.page_end
    )


def _counted(number: int, limit: int | None) -> Counted:
    return Counted(number) if limit is None or number <= limit else Counted(limit, exact=False)


def _count(shelf: str, terms: set[str], meets: seeking.Meets) -> Answer:
    def answer(
        _: object, ask: Ask, query: str | None = None, limit: int | None = 10000, **__: Any
    ) -> Counted:
        _asked, wanted = seeking.asked_for(ask, f"{shelf}Count", query, terms, meets)
        things = getattr(ask.shop, shelf)
        if shelf == "orders":
            return _counted(sum(1 for it in things if visible(ask, it) and wanted(it)), limit)
        return _counted(sum(1 for it in things if wanted(it)), limit)

    return answer


def _order(_: object, ask: Ask, id: str) -> Order | None:
    number = _id(id, "Order")
    found = ask.shop.orders.get(number) if number is not None else None
    return found if found is not None and visible(ask, found) else None


def _customer(_: object, ask: Ask, id: str) -> Customer | None:
    number = _id(id, "Customer")
    return ask.shop.customers.get(number) if number is not None else None


def _id(text: str, *kinds: str) -> int | None:
    """Return the number; raise GraphRefusal for the id of another kind of thing."""
    if not text.startswith("gid://shopify/"):
        raise GraphRefusal(f"{text!r} is no global id", "argumentLiteralsIncompatible")
    number = number_of(text, *kinds)
    if number is None:
        raise GraphRefusal(f"{text} names no {kinds[0]}", "RESOURCE_NOT_FOUND")
    return number


def node(ask: Ask, global_id: str) -> object:
    """Return whatever has this id, None where nothing has; raise GraphRefusal for text that is no id."""
    if not global_id.startswith("gid://shopify/"):
        raise GraphRefusal(f"{global_id!r} is no global id", "argumentLiteralsIncompatible")
    for kind, find, scope in (
        ("Order", lambda _: _order(None, ask, global_id), "read_orders"),
        ("Customer", ask.shop.customers.get, "read_customers"),
        ("DiscountCodeNode", ask.shop.discounts.get, "read_discounts"),
        ("WebhookSubscription", ask.shop.subscriptions.get, None),
        ("BulkOperation", ask.shop.bulks.get, None),
        ("Shop", lambda number: ask.shop if number == ask.shop.id else None, None),
    ):
        number = number_of(global_id, kind)
        if number is not None:
            if scope:
                ask.may(scope, kind)
            return find(number)
    return None


def _bulks(
    _: object,
    ask: Ask,
    query: str | None = None,
    sortKey: str = "CREATED_AT",
    **cut: Any,
) -> object:
    rows = [(it.created_at, it.id) for it in ask.shop.bulks.values()]
    asked = search.parse(query, {"status"})

    def wanted(it: Any) -> bool:
        return all(search.text_matches(term, it.status) for group in asked.groups for term in group)

    return paging.page(sorted(rows), paging.Cut(**cut), ask.shop.bulks.__getitem__, wanted)


def _subscriptions(
    _: object,
    ask: Ask,
    topics: list[str] | None = None,
    uri: str | None = None,
    sortKey: str = "CREATED_AT",
    query: str | None = None,
    **cut: Any,
) -> object:
    for unused in ("format", "callbackUrl"):
        cut.pop(unused, None)
    rows = [(it.created_at, it.id) for it in ask.shop.subscriptions.values()]
    return paging.page(
        sorted(rows),
        paging.Cut(**cut),
        ask.shop.subscriptions.__getitem__,
        lambda it: (not topics or it.topic in topics) and (uri is None or it.uri == uri),
    )


FIELDS: dict[str, Answer] = {
    "shop": lambda _, ask: ask.shop,
    "currentAppInstallation": lambda _, ask: ask.shop,
    "shopLocales": lambda *_, **__: ["en"],
    "order": _order,
    "orders": _orders,
    "ordersCount": _count("orders", seeking.ORDER_TERMS, seeking.order_meets),
    "customer": _customer,
    "customers": _customers,
    "customersCount": _count("customers", seeking.CUSTOMER_TERMS, seeking.customer_meets),
    "node": lambda _, ask, id: node(ask, id),
    "nodes": lambda _, ask, ids: [node(ask, one) for one in ids],
    "codeDiscountNodeByCode": lambda _, ask, code: discounts.by_code(ask.shop, code),
    "discountRedeemCodeBulkCreation": many_codes.find,
    "discountNode": lambda _, ask, id: ask.shop.discounts.get(_id(id, *_DISCOUNT_ID)),
    "discountNodes": _discounts,
    "discountNodesCount": _count("discounts", seeking.DISCOUNT_TERMS, seeking.discount_meets),
    "webhookSubscription": lambda _, ask, id: ask.shop.subscriptions.get(_id(id, "WebhookSubscription")),
    "webhookSubscriptions": _subscriptions,
    "webhookSubscriptionsCount": lambda _, ask, **__: Counted(len(ask.shop.subscriptions)),
    "bulkOperation": lambda _, ask, id: ask.shop.bulks.get(_id(id, "BulkOperation")),
    "bulkOperations": _bulks,
}
