"""What may happen to a customer, and what the shop tells about it."""

from datetime import datetime

from adapters.shopify.sandbox import bodies, gifts
from adapters.shopify.sandbox.parts import gid
from adapters.shopify.sandbox.state import Refusal, Shop
from adapters.shopify.sandbox.things import Customer


def register(
    shop: Shop, email: str | None, first_name: str, last_name: str, verified: bool, at: datetime
) -> Customer:
    """Take in a new customer; an address belongs to one customer only."""
    if email and any(known.email == email for known in shop.customers):
        raise Refusal("a customer with this e-mail address is there already")
    made = Customer(shop.next_id("customer"), email, first_name, last_name, verified, at, shop.stamp(at))
    shop.customers.put(made)
    shop.tell("CUSTOMERS_CREATE", lambda: bodies.customer(made))
    return made


def change(shop: Shop, it: Customer, at: datetime, **new: object) -> None:
    """Give the customer new values."""

    def apply(customer: Customer) -> None:
        for name, value in new.items():
            setattr(customer, name, value)
        customer.updated_at = shop.stamp(at, customer.updated_at)

    shop.customers.move(it, apply)
    shop.tell("CUSTOMERS_UPDATE", lambda: bodies.customer(it))


def retag(shop: Shop, it: Customer, tags: list[str], add: bool) -> None:
    """Add or take away tags, without regard to capitals; what changes nothing is not told either."""
    named = {tag.lower() for tag in tags}
    if add:
        have = {tag.lower() for tag in it.tags}
        fresh = [tag for tag in dict.fromkeys(tags) if tag.lower() not in have]
        moved, wanted = fresh, sorted([*it.tags, *fresh], key=str.lower)
    else:
        moved = [tag for tag in it.tags if tag.lower() in named]
        wanted = [tag for tag in it.tags if tag.lower() not in named]
    if not moved:
        return
    now = shop.now()
    change(shop, it, now, tags=wanted)
    topic = "CUSTOMER_TAGS_ADDED" if add else "CUSTOMER_TAGS_REMOVED"
    body: dict[str, object] = {
        "customerId": gid("Customer", it.id),
        "tags": moved,
        "occurredAt": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    shop.tell(topic, lambda: body)


def remove(shop: Shop, it: Customer) -> None:
    """Delete a customer; one with orders stays, as in a real shop."""
    if any(number in shop.orders.things for number in it.order_ids):
        raise Refusal("a customer with orders cannot be deleted")
    shop.customers.remove(it)
    shop.tell("CUSTOMERS_DELETE", lambda: {"id": it.id, "admin_graphql_api_id": gid("Customer", it.id)})


def redact(shop: Shop, it: Customer) -> None:
    """Ask the app to forget the person, and forget them here."""
    body = _privacy(shop, it, "orders_to_redact")
    shop.tell("CUSTOMERS_REDACT", lambda: body)
    change(shop, it, shop.now(), email=None, first_name="", last_name="", tags=[])
    for number in it.order_ids:
        order = shop.orders.get(number)
        if order is not None:
            order.email = None


def ask_for_data(shop: Shop, it: Customer) -> None:
    """Ask the app what it knows of the person."""
    body = _privacy(shop, it, "orders_requested")
    body["data_request"] = {"id": shop.next_id("refund")}
    shop.tell("CUSTOMERS_DATA_REQUEST", lambda: body)


def merge(shop: Shop, kept: Customer, gone: Customer) -> None:
    """Join two customers: the orders and tags of `gone` move to `kept`."""
    if kept.id == gone.id:
        raise Refusal("a customer cannot be merged with itself")
    for number in gone.order_ids:
        order = shop.orders.get(number)
        if order is not None:
            order.customer_id = kept.id
    tags = sorted({*kept.tags, *gone.tags}, key=str.lower)
    change(shop, kept, shop.now(), order_ids=sorted([*kept.order_ids, *gone.order_ids]), tags=tags)
    shop.customers.remove(gone)
    gifts.merge(shop, kept.id, gone.id)
    body: dict[str, object] = {
        "admin_graphql_api_customer_kept_id": gid("Customer", kept.id),
        "admin_graphql_api_customer_deleted_id": gid("Customer", gone.id),
        "admin_graphql_api_job_id": None,
        "status": "completed",
        "errors": [],
    }
    shop.tell("CUSTOMERS_MERGE", lambda: body)


def _privacy(shop: Shop, it: Customer, orders: str) -> dict[str, object]:
    return {
        "shop_id": shop.id,
        "shop_domain": shop.domain,
        "customer": {"id": it.id, "email": it.email, "phone": None},
        orders: list(it.order_ids),
    }
