"""Reading a shop page by page: its facts, its counts, what changed, and single orders and customers."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

from adapters.shopify import documents, graph
from adapters.shopify.answers import Answer, TooDear
from adapters.shopify.client import Client
from adapters.shopify.graph import CustomerNode, LineNode, Node, OrderNode, PageInfo
from connector.money import NotMoney
from connector.port import Batch, Counts, PersonWord, Refused, ShopFacts, TryLater, Window
from connector.records import Customer, Order

T = TypeVar("T", Order, Customer)

# First guesses; the client halves them where the shop finds a page too dear.
ORDERS_A_PAGE, LINES_A_PAGE, CUSTOMERS_A_PAGE, IDS_A_PAGE = 25, 50, 100, 25
MORE_LINES_A_PAGE = 250
# Pages of one search end at 25,000 things without a word; before that another search is begun.
FAR = 20_000


STRANGE = "The shop answers with something Comeback did not ask for."


class TooMany(Exception):
    """More changed in one moment, as the search can tell moments apart, than pages show."""


class ShopNode(Node, frozen=True):
    name: str
    myshopify_domain: str
    currency_code: str
    iana_timezone: str
    email: str | None = None


class ShopData(Node, frozen=True):
    shop: ShopNode


class CountNode(Node, frozen=True):
    count: int


class CountsData(Node, frozen=True):
    orders_count: CountNode
    customers_count: CountNode


class OrderPage(Node, frozen=True):
    nodes: tuple[OrderNode, ...]
    page_info: PageInfo


class OrdersData(Node, frozen=True):
    orders: OrderPage


class CustomerPage(Node, frozen=True):
    nodes: tuple[CustomerNode, ...]
    page_info: PageInfo


class CustomersData(Node, frozen=True):
    customers: CustomerPage


class OrderNodesData(Node, frozen=True):
    nodes: tuple[OrderNode | None, ...]


class CustomerNodesData(Node, frozen=True):
    nodes: tuple[CustomerNode | None, ...]


class LinesOfOrder(Node, frozen=True):
    line_items: graph.Lines


class MoreLinesData(Node, frozen=True):
    order: LinesOfOrder | None


def facts(client: Client) -> ShopFacts:
    """Return what the shop says of itself."""
    shop = client.ask(documents.SHOP, {}, ShopData).data.shop
    return ShopFacts(
        address=shop.myshopify_domain.lower(),
        name=shop.name,
        currency=shop.currency_code,
        timezone=shop.iana_timezone,
        email=shop.email or None,
    )


def counts(client: Client, orders: str | None = None, customers: str | None = None) -> Counts:
    """Return the shop's own counts, of everything or of what the searches name."""
    found = client.ask(documents.COUNTS, {"orders": orders, "customers": customers}, CountsData).data
    return Counts(orders=found.orders_count.count, customers=found.customers_count.count)


def withheld(client: Client) -> tuple[PersonWord, ...]:
    """Return what no customer of the shop shows: without approval for it Shopify leaves it empty, and says nothing.

    A hundred customers are looked at; a shop without any withholds nothing yet.
    """
    asked, sizes = {"after": None, "query": None}, {"first": CUSTOMERS_A_PAGE}
    page = client.sized(documents.CUSTOMERS, asked, CustomersData, sizes).data.customers
    found = [graph.customer(node) for node in page.nodes]
    words: dict[PersonWord, bool] = {
        "name": any(it.name for it in found),
        "email": any(it.email for it in found),
    }
    return tuple(word for word, shown in words.items() if found and not shown)


def customers_since(client: Client, window: Window) -> Iterator[Batch]:
    """Yield customers changed in the window, oldest change first; raise TooMany."""
    sizes, cursor, sought, gone = {"first": CUSTOMERS_A_PAGE}, None, customer_search(window), 0
    while True:
        asked = {"after": cursor, "query": sought}
        page = client.sized(documents.CUSTOMERS, asked, CustomersData, sizes).data.customers
        found = tuple(graph.customer(node) for node in page.nodes)
        gone += len(found)
        changed = tuple(it for it in found if it.changed_at >= window.since)
        if changed:
            yield Batch(changed, (), page.page_info.end_cursor or "")
        if not page.page_info.has_next_page or _beyond(found, window):
            return
        cursor = onward(cursor, page.page_info)
        if gone >= FAR:
            sought, cursor, gone = _anew(customer_search, sought, found[-1].changed_at, window), None, 0


def orders_since(client: Client, window: Window) -> Iterator[Batch]:
    """Yield orders changed in the window, oldest change first; raise TooMany."""
    sizes, cursor, sought, gone = (
        {"first": ORDERS_A_PAGE, "lines": LINES_A_PAGE},
        None,
        order_search(window),
        0,
    )
    while True:
        asked = {"after": cursor, "query": sought}
        page = client.sized(documents.ORDERS, asked, OrdersData, sizes).data.orders
        found = tuple(_whole(client, node) for node in page.nodes)
        gone += len(found)
        if found:
            yield Batch((), found, page.page_info.end_cursor or "")
        if not page.page_info.has_next_page or _beyond(found, window):
            return
        cursor = onward(cursor, page.page_info)
        if gone >= FAR:
            sought, cursor, gone = _anew(order_search, sought, found[-1].changed_at, window), None, 0


def order_search(window: Window) -> str:
    """Return the search for orders changed since the window's begin; exact to the second."""
    return f"updated_at:>='{_text(window.since)}'"


def customer_search(window: Window) -> str:
    """Return the search for customers changed since the window's begin.

    Shopify matches this filter by whole days, in the shop's own time zone; so it starts a day earlier, at midnight.
    """
    day = (window.since - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return f"updated_at:>='{_text(day)}'"


def orders(client: Client, ids: tuple[str, ...]) -> dict[str, Order]:
    """Return the orders that exist, whole, by id."""
    found: dict[str, Order] = {}
    for some in _chunks(_plain(ids)):
        for node in _order_nodes(client, some, LINES_A_PAGE):
            order = _whole(client, node)
            found[order.id] = order
    return _asked_for(found, ids)


def customers(client: Client, ids: tuple[str, ...]) -> dict[str, Customer]:
    """Return the customers that exist, by id."""
    found: dict[str, Customer] = {}
    for some in _chunks(_plain(ids)):
        asked = {"ids": [f"gid://shopify/Customer/{it}" for it in some]}
        for node in _there(client.ask(documents.CUSTOMERS_BY_ID, asked, CustomerNodesData), len(some)):
            customer = graph.customer(node)
            found[customer.id] = customer
    return _asked_for(found, ids)


def record(node: OrderNode, lines: list[LineNode], shipping: list[graph.ShippingNode]) -> Order:
    """Read an order; raise Refused, naming it, where its amounts are none."""
    try:
        return graph.order(node, lines, shipping)
    except NotMoney as error:
        raise Refused(f"Order {node.name} states an amount that is none in {node.currency_code}.") from error


def _order_nodes(client: Client, ids: tuple[str, ...], lines: int) -> list[OrderNode]:
    asked = {"ids": [f"gid://shopify/Order/{it}" for it in ids], "lines": lines}
    try:
        return _there(client.ask(documents.ORDERS_BY_ID, asked, OrderNodesData), len(ids))
    except TooDear:
        if len(ids) > 1:
            half = len(ids) // 2
            return _order_nodes(client, ids[:half], lines) + _order_nodes(client, ids[half:], lines)
        if lines > 1:
            return _order_nodes(client, ids, lines // 2)
        raise


def _there(answer: Answer[Any], asked: int) -> list[Any]:
    """Return the nodes that exist. An empty place only means "gone" when nothing was withheld, and there is one for each."""
    if len(answer.data.nodes) != asked:
        raise TryLater(STRANGE)
    gone = any(node is None for node in answer.data.nodes)
    if gone and any(len(path) <= 2 for path in answer.withheld):
        raise TryLater("Shopify withheld some of what was asked; it may still be there.")
    return [node for node in answer.data.nodes if node is not None]


def _whole(client: Client, node: OrderNode) -> Order:
    """Return the order with all its lines, fetching those that the first page did not hold."""
    assert node.line_items is not None
    lines, page = list(node.line_items.nodes), node.line_items.page_info
    sizes = {"lines": MORE_LINES_A_PAGE}
    cursor: str | None = None
    while page.has_next_page:
        cursor = onward(cursor, page)
        asked = {"id": node.id, "after": cursor}
        more = client.sized(documents.MORE_LINES, asked, MoreLinesData, sizes).data.order
        if more is None:
            raise TryLater("An order went away while its lines were read.")
        lines += more.line_items.nodes
        page = more.line_items.page_info
    return record(node, lines, list(node.shipping_lines.nodes if node.shipping_lines else ()))


def onward(before: str | None, page: PageInfo) -> str:
    """Return the cursor behind a page; raise TryLater where it leads nowhere: the shop would be asked the same for ever."""
    if page.end_cursor is None or page.end_cursor == before:
        raise TryLater(STRANGE)
    return page.end_cursor


def _anew(search: Callable[[Window], str], sought: str, last: datetime, window: Window) -> str:
    """Return the search that goes on from the last change seen; raise TooMany where it is the one before."""
    further = search(Window(last, window.until))
    if further == sought:
        raise TooMany
    return further


def _beyond(found: tuple[Order, ...] | tuple[Customer, ...], window: Window) -> bool:
    return bool(found) and found[-1].changed_at >= window.until


def _asked_for(found: dict[str, T], ids: tuple[str, ...]) -> dict[str, T]:
    """Return what was found; raise TryLater where the shop answers with something nobody asked for."""
    if found.keys() <= set(ids):
        return found
    raise TryLater(STRANGE)


def _plain(ids: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(it for it in ids if it.isascii() and it.isdigit())


def _chunks(ids: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (ids[start : start + IDS_A_PAGE] for start in range(0, len(ids), IDS_A_PAGE))


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
