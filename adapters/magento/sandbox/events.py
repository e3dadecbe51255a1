"""The module of asynchronous events, of Mage-OS or as Aligent's: who subscribed to what, and which events a change makes.

Written to its published source, versions 2 to 4, and that of the two modules that define events for it. What stands for:
a subscription is made for any name; none is unique; a change of one keeps all but its status and its kind of sender; none is
deleted; nothing shows a token.
"""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from adapters.magento.sandbox.problems import Problem, unsupported
from adapters.magento.sandbox.shop import Kind, Shop
from adapters.magento.sandbox.table import Table

Maker = Literal["mageos", "aligent"]
# Of the columns; without strict mode the database cuts what is longer, and says nothing.
_LONGEST: dict[Maker, int] = {"mageos": 1024, "aligent": 255}
# What an event of Aligent's default ones asks beside the route's own right.
RESOURCES = {
    "sales.order.saved": ("Magento_Sales::actions_view",),
    "sales.shipment.saved": ("Magento_Sales::shipment",),
    "customer.saved": ("Magento_Customer::customer",),
}
_WORDS = ("subscription_id", "event_name", "recipient_url", "verification_token", "status", "metadata")
_MORE = ("subscribed_at", "store_id")


class Subscription(msgspec.Struct, frozen=True):
    id: int
    event_name: str = ""
    recipient_url: str = ""
    verification_token: str = ""
    status: bool = True
    subscribed_at: str = ""
    metadata: str = ""

    def body(self) -> dict[str, object]:
        """Write it as the module shows it: without its token, and without what it is sent by."""
        return {
            "subscription_id": self.id,
            "event_name": self.event_name,
            "recipient_url": self.recipient_url,
            "status": self.status,
            "subscribed_at": self.subscribed_at,
        }


class Marks(msgspec.Struct, frozen=True):
    """How an order stood when it was last looked at: its state, and how many documents of each kind it had."""

    state: str = ""
    invoices: int = 0
    parcels: int = 0
    memos: int = 0


class Event(msgspec.Struct, frozen=True):
    """What happened to which thing: the kind of row, and its number."""

    name: str
    thing: Literal["order", "customer", "invoice", "shipment", "creditmemo"]
    key: int


class State(msgspec.Struct):
    """What the module keeps. `asks`: rights that events ask for beside the route's own."""

    maker: Maker
    subscriptions: list[Subscription] = []
    asks: dict[str, list[str]] = {}
    orders: dict[str, Marks] = {}
    customers: list[int] = []


def module(shop: Shop) -> str:
    """Return whose module is installed; empty: none."""
    return "" if (state := _state(shop)) is None else state.maker


def install(shop: Shop, maker: Maker | None, asks: dict[str, list[str]] | None = None) -> None:
    """Install the module as one of the two ships it, or take it away, with all subscriptions."""
    if maker is None:
        shop.extras.pop("events", None)
        return
    asked = {name: list(words) for name, words in RESOURCES.items()} if maker == "aligent" else {}
    orders = {str(order.id): _marks(shop, order.id) for order in shop.orders}
    shop.extras["events"] = State(
        maker, asks=asked | (asks or {}), orders=orders, customers=[each.id for each in shop.customers]
    )


def table(shop: Shop) -> Table[Subscription]:
    """Return the subscriptions, to be searched."""
    found: Table[Subscription] = Table()
    for one in _there(shop).subscriptions:
        found.put(one)
    return found


def get(shop: Shop, key: int) -> Subscription:
    """Return one; raise Problem 404."""
    found = next((one for one in _there(shop).subscriptions if one.id == key), None)
    if found is None:
        raise Problem(404, "Async event with subscription ID %1 does not exist", [key])
    return found


def save(shop: Shop, given: dict[str, Any]) -> Subscription:
    """Make one, or change the one whose number the body names: its status, which is off unless said, and its sender."""
    state, said = _there(shop), {_snake(name): value for name, value in given.items()}
    for name in said:
        if name not in (*_WORDS, *_MORE):
            raise unsupported(name)
    wanting = [one for one in state.asks.get(str(said.get("event_name")), []) if one not in shop.rights]
    if wanting:
        asked = state.asks[str(said["event_name"])]
        raise Problem(401, "The consumer isn't authorized to access %resources.", {"resources": asked})
    if said.get("subscription_id"):
        old = get(shop, int(said["subscription_id"]))
        metadata = str(said.get("metadata") or old.metadata)
        return put(shop, replace(old, status=bool(said.get("status", False)), metadata=metadata))
    one = Subscription(
        max((each.id for each in state.subscriptions), default=0) + 1,
        str(said.get("event_name", "")),
        str(said.get("recipient_url", ""))[: _LONGEST[state.maker]],
        str(said.get("verification_token", "")),
        subscribed_at=shop.now(),
        metadata=str(said.get("metadata", "")),
    )
    return put(shop, one)


def put(shop: Shop, one: Subscription) -> Subscription:
    """Keep it in place of the one with its number."""
    state = _there(shop)
    others = [each for each in state.subscriptions if each.id != one.id]
    state.subscriptions = sorted((*others, one), key=lambda each: each.id)
    return one


def drop(shop: Shop, key: int) -> None:
    """Take one out of the database, as somebody with access to it can."""
    state = _there(shop)
    state.subscriptions = [each for each in state.subscriptions if each.id != key]


def happened(shop: Shop, kind: Kind, key: int) -> list[tuple[Event, Subscription]]:
    """Return what goes out of a change, to each who subscribed to it; nothing without the module, or of what is gone."""
    state = _state(shop)
    if state is None:
        return []
    events = list(_of_order(shop, state, key) if kind == "order" else _of_customer(shop, state, key))
    return [
        (event, one)
        for event in events
        for one in state.subscriptions
        if one.status and one.event_name == event.name and one.metadata == "http"
    ]


def _of_order(shop: Shop, state: State, key: int) -> Iterator[Event]:
    order = shop.orders.get(key)
    if order is None:
        return
    was, now = state.orders.get(str(key)), _marks(shop, key)
    state.orders[str(key)] = now
    if state.maker == "aligent":
        yield Event("sales.order.saved", "order", key)
        for parcel in shop.shipments.where("order_id", key)[(was or Marks()).parcels :]:
            yield Event("sales.shipment.saved", "shipment", parcel.id)
        return
    if was is None:
        yield Event("sales.order.created", "order", key)
    elif was.state != now.state:
        yield Event("sales.order.updated", "order", key)
    before = was or Marks()
    for invoice in shop.invoices.where("order_id", key)[before.invoices :]:
        yield Event("sales.invoice.created", "invoice", invoice.id)
        yield Event("sales.invoice.paid", "invoice", invoice.id)
    for parcel in shop.shipments.where("order_id", key)[before.parcels :]:
        yield Event("sales.shipment.created", "shipment", parcel.id)
    for memo in shop.memos.where("order_id", key)[before.memos :]:
        yield Event("sales.creditmemo.created", "creditmemo", memo.id)


def _of_customer(shop: Shop, state: State, key: int) -> Iterator[Event]:
    if shop.customers.get(key) is None:
        return
    known = key in state.customers
    if not known:
        state.customers.append(key)
    name = "customer.saved" if state.maker == "aligent" else f"customer.{'updated' if known else 'created'}"
    yield Event(name, "customer", key)


def _marks(shop: Shop, key: int) -> Marks:
    counted = (len(rows.where("order_id", key)) for rows in (shop.invoices, shop.shipments, shop.memos))
    return Marks(shop.orders.rows[key].state, *counted)


def _state(shop: Shop) -> State | None:
    found = shop.extras.get("events")
    # After a restart it is what a file holds of it.
    if found is not None and not isinstance(found, State):
        found = shop.extras["events"] = msgspec.convert(found, State)
    return found


def _there(shop: Shop) -> State:
    state = _state(shop)
    assert state is not None, "a route of a module that is not installed"
    return state


def _snake(name: str) -> str:
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in name)
