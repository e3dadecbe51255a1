"""Webhook subscriptions of one shop: those made through the API, compared with what is there.

The app file subscribes to them for every shop at once, and what it subscribes to does not end after a run of
failures, as what the API makes does. But no query lists what stands in the file that Shopify has. So that file
names an address of its own, made from our topics, and only while messages come there is nothing made through the
API. The privacy topics and the uninstall come by the file alone; asking for them here too would bring every
message twice.
"""

import hashlib
from collections.abc import Iterator

from adapters.shopify import documents, pull
from adapters.shopify.client import Client
from adapters.shopify.graph import Node, PageInfo, Ref
from connector.port import OutcomeUnknown, Refused, TryLater, Unauthorized

TOPICS = (
    "orders/create",
    "orders/paid",
    "orders/updated",
    "orders/edited",
    "orders/cancelled",
    "orders/fulfilled",
    "orders/delete",
    "refunds/create",
    "customers/create",
    "customers/update",
    "customers/delete",
    "customers/merge",
    "bulk_operations/finish",
    "app/scopes_update",
    "shop/update",
)
# What the app file subscribes to for every shop, whatever the kind of app, besides the privacy topics.
DECLARED = ("app/uninstalled",)
PAGE = 100


class Complaint(Node, frozen=True):
    field: tuple[str, ...] | None = None
    message: str = ""


class SubscriptionNode(Node, frozen=True):
    id: str
    topic: str
    uri: str
    filter: str | None = None
    include_fields: tuple[str, ...] = ()

    def suits(self, address: str) -> bool:
        """Tell whether it brings to this address all that its topic says."""
        return self.uri == address and not self.filter and not self.include_fields


class SubscriptionPage(Node, frozen=True):
    nodes: tuple[SubscriptionNode, ...]
    page_info: PageInfo


class SubscriptionsData(Node, frozen=True):
    webhook_subscriptions: SubscriptionPage


class Made(Node, frozen=True):
    webhook_subscription: Ref | None = None
    user_errors: tuple[Complaint, ...] = ()


class SubscribeData(Node, frozen=True):
    webhook_subscription_create: Made


class Removed(Node, frozen=True):
    user_errors: tuple[Complaint, ...] = ()


class UnsubscribeData(Node, frozen=True):
    webhook_subscription_delete: Removed | None = None


def declared(address: str) -> str:
    """Return the word of the app file that sends all our topics to this door: another word for other topics."""
    return hashlib.sha256("\n".join((address, *TOPICS)).encode()).hexdigest()[:12]


def subscribe(client: Client, address: str, by_file: bool = False) -> tuple[str, ...]:
    """Make the shop send our topics to this address, once each, and none of ours elsewhere; `by_file`: the app file does."""
    wanted = {} if by_file else {_enum(topic): topic for topic in TOPICS}
    standing = set[str]()
    stale: list[str] = []
    there = list(_there(client))
    for found in there:
        if found.topic in wanted and found.suits(address) and found.topic not in standing:
            standing.add(found.topic)
        else:
            stale.append(found.id)
    for topic in wanted:
        if topic not in standing:
            # One that stands at this address, but cut down, keeps the place of the whole one: it goes first.
            for cut in [
                one for one in there if one.topic == topic and one.uri == address and one.id in stale
            ]:
                client.change(documents.UNSUBSCRIBE, {"id": cut.id}, UnsubscribeData)
                stale.remove(cut.id)
            _make(client, topic, address)
    # Only now: a shop that refused the new address keeps the old one.
    for subscription in stale:
        client.change(documents.UNSUBSCRIBE, {"id": subscription}, UnsubscribeData)
    return TOPICS


def compared(client: Client, address: str, by_file: bool = False) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return our topics that the shop does not send whole to this address, and those it sends otherwise than wanted."""
    standing, strays = set[str](), list[str]()
    names = {_enum(topic): topic for topic in TOPICS}
    wanted = {} if by_file else names
    for found in _there(client):
        if found.topic in wanted and found.suits(address) and found.topic not in standing:
            standing.add(found.topic)
        else:
            strays.append(names.get(found.topic, found.topic.lower()))
    return tuple(topic for name, topic in wanted.items() if name not in standing), tuple(strays)


def unsubscribe(client: Client) -> None:
    """Take back every subscription of ours, as far as the shop lets us."""
    try:
        for found in list(_there(client)):
            client.change(documents.UNSUBSCRIBE, {"id": found.id}, UnsubscribeData)
    except (Unauthorized, Refused, TryLater, OutcomeUnknown):
        # An uninstalled app is no longer answered; Shopify has then ended its subscriptions itself.
        return


def _there(client: Client) -> Iterator[SubscriptionNode]:
    sizes, cursor = {"first": PAGE}, None
    while True:
        asked = {"after": cursor}
        page = client.sized(
            documents.SUBSCRIPTIONS, asked, SubscriptionsData, sizes
        ).data.webhook_subscriptions
        yield from page.nodes
        if not page.page_info.has_next_page:
            return
        cursor = pull.onward(cursor, page.page_info)


def _make(client: Client, topic: str, address: str) -> None:
    asked = {"topic": topic, "uri": address}
    made = client.change(documents.SUBSCRIBE, asked, SubscribeData).webhook_subscription_create
    if not made.user_errors:
        return
    # Two workers may subscribe at the same moment; the slower one finds its work done. These errors bear no code.
    if not any(found.topic == topic and found.suits(address) for found in _there(client)):
        raise Refused(f"Shopify refuses to send {topic} webhooks: {made.user_errors[0].message}")


def _enum(topic: str) -> str:
    return topic.replace("/", "_").upper()
