"""Where changing starts: tags, discount codes, webhook subscriptions, bulk queries."""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from adapters.shopify.sandbox import bulk, bulk_codes, codes, customers, discounts, rights
from adapters.shopify.sandbox.fields.ask import Answer, Ask, gid, number_of
from adapters.shopify.sandbox.metafields import define as fields_define
from adapters.shopify.sandbox.metafields import put as fields_put
from adapters.shopify.sandbox.refusals import Complaint, Said
from adapters.shopify.sandbox.things import Discount, Subscription

_NAME = re.compile(r"[A-Za-z0-9_-]{1,50}")


# Until then files were grouped unless somebody said otherwise; who asks in those versions says nothing.
UNGROUPED_SINCE = "2026-01"


def _tagged(ask: Ask, global_id: str, tags: list[str], add: bool) -> Said:
    """Change a customer's tags; other kinds of things carry none here."""
    number = number_of(global_id, "Customer")
    if number is not None:
        ask.may("write_customers", "Customer")
    found = ask.shop.customers.get(number) if number is not None else None
    if found is None:
        kind = global_id.removeprefix("gid://shopify/").partition("/")[0]
        return Said(None, [Complaint(f"this {kind} is not there", ["id"])])
    split = [part.strip() for tag in tags for part in tag.split(",") if part.strip()]
    customers.retag(ask.shop, found, split, add)
    return Said(found)


def _discount(ask: Ask, wish: dict[str, Any], root: str, old: Discount | None = None) -> Said:
    complaints = codes.complaints(ask.shop, wish, root, old)
    if complaints:
        return Said(None, complaints)
    made = codes.discount(ask.shop, wish, root, old)
    if old is None:
        discounts.keep(ask.shop, made)
        return Said(made)
    changed = {
        name: getattr(made, name) for name in made.__struct_fields__ if name not in ("id", "used", "used_by")
    }
    if old.code.upper() != made.code.upper():
        del ask.shop.codes[old.code.upper()]
        ask.shop.codes[made.code.upper()] = old.id
    discounts.change(ask.shop, old, **changed)
    return Said(old)


def _update(ask: Ask, global_id: str, wish: dict[str, Any], root: str) -> Said:
    number = number_of(global_id, "DiscountCodeNode")
    old = ask.shop.discounts.get(number) if number is not None else None
    if old is None:
        return Said(None, [Complaint("this discount is not there", ["id"], "INVALID")])
    return _discount(ask, wish, root, old)


def _lifetime(ask: Ask, global_id: str, live: bool) -> Said:
    """End a discount now, or open it again without an end; doing it twice changes nothing."""
    number = number_of(global_id, "DiscountCodeNode")
    found = ask.shop.discounts.get(number) if number is not None else None
    if found is None:
        return Said(None, [Complaint("this code discount is not there", ["id"], "INVALID")])
    now = ask.shop.now()
    if live and found.status(now) != "ACTIVE":
        discounts.change(ask.shop, found, ends_at=None, starts_at=min(found.starts_at, now))
    elif not live and found.status(now) != "EXPIRED":
        discounts.change(ask.shop, found, ends_at=now, starts_at=min(found.starts_at, now))
    return Said(found)


def _delete(ask: Ask, global_id: str) -> Said:
    number = number_of(global_id, "DiscountCodeNode")
    found = ask.shop.discounts.get(number) if number is not None else None
    if found is None:
        return Said(None, [Complaint("this code discount is not there", ["id"], "INVALID")])
    discounts.drop(ask.shop, found)
    return Said(gid("DiscountCodeNode", found.id))


def _subscription_complaints(ask: Ask, topic: str, wish: dict[str, Any], own: int | None) -> list[Complaint]:
    uri, name = str(wish.get("uri") or ""), wish.get("name")
    # The platform names the field as it was called before it was renamed; match by what failed, not by this name.
    field = ["webhookSubscription", "callbackUrl"]
    if not uri.strip():
        return [Complaint("the address is missing", field)]
    parts = urlsplit(uri)
    loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        return [Complaint(f"no webhooks are sent to {parts.scheme}://", field)]
    if name is not None and not _NAME.fullmatch(name):
        return [Complaint("a name has 1 to 50 letters, digits, - and _", ["webhookSubscription", "name"])]
    others = [it for it in ask.shop.subscriptions.values() if it.id != own]
    if any(it.topic == topic and it.uri == uri and it.filter == wish.get("filter") for it in others):
        return [Complaint("Address for this topic has already been taken", field)]
    return []


def _subscribe(ask: Ask, topic: str, wish: dict[str, Any]) -> Said:
    if topic in rights.TOPICS:
        ask.may(rights.TOPICS[topic], topic)
    complaints = _subscription_complaints(ask, topic, wish, None)
    if complaints:
        return Said(None, complaints)
    now = ask.shop.now()
    made = Subscription(ask.shop.next_id("subscription"), topic, "", now, now)
    ask.shop.subscriptions[made.id] = made
    return Said(_filled(made, wish, now))


def _resubscribe(ask: Ask, global_id: str, wish: dict[str, Any]) -> Said:
    found = ask.shop.subscriptions.get(number_of(global_id, "WebhookSubscription") or 0)
    if found is None:
        return Said(None, [Complaint("this subscription is not there", ["id"])])
    complaints = _subscription_complaints(ask, found.topic, {"uri": found.uri, **wish}, found.id)
    return Said(None, complaints) if complaints else Said(_filled(found, wish, ask.shop.now()))


def _filled(it: Subscription, wish: dict[str, Any], now: datetime) -> Subscription:
    it.uri = wish.get("uri", it.uri)
    it.name = wish.get("name", it.name)
    it.filter = wish.get("filter", it.filter)
    it.include_fields = wish.get("includeFields") or it.include_fields
    it.metafield_namespaces = wish.get("metafieldNamespaces") or it.metafield_namespaces
    it.updated_at = now.astimezone(UTC)
    return it


def _unsubscribe(ask: Ask, global_id: str) -> Said:
    number = number_of(global_id, "WebhookSubscription") or 0
    if ask.shop.subscriptions.pop(number, None) is None:
        return Said(None, [Complaint("this subscription is not there", ["id"])])
    return Said(global_id)


FIELDS: dict[str, Answer] = {
    "tagsAdd": lambda _, ask, id, tags: _tagged(ask, id, tags, True),
    "tagsRemove": lambda _, ask, id, tags: _tagged(ask, id, tags, False),
    "discountCodeBasicCreate": lambda _, ask, basicCodeDiscount: _discount(
        ask, basicCodeDiscount, "basicCodeDiscount"
    ),
    "discountCodeBasicUpdate": lambda _, ask, id, basicCodeDiscount: _update(
        ask, id, basicCodeDiscount, "basicCodeDiscount"
    ),
    "metafieldsSet": lambda _, ask, metafields: fields_put(ask, metafields),
    "metafieldDefinitionCreate": lambda _, ask, definition: fields_define(ask, definition),
    "discountCodeBxgyCreate": lambda _, ask, bxgyCodeDiscount: _discount(
        ask, bxgyCodeDiscount, "bxgyCodeDiscount"
    ),
    "discountCodeBxgyUpdate": lambda _, ask, id, bxgyCodeDiscount: _update(
        ask, id, bxgyCodeDiscount, "bxgyCodeDiscount"
    ),
    "discountCodeFreeShippingCreate": lambda _, ask, freeShippingCodeDiscount: _discount(
        ask, freeShippingCodeDiscount, "freeShippingCodeDiscount"
    ),
    "discountCodeFreeShippingUpdate": lambda _, ask, id, freeShippingCodeDiscount: _update(
        ask, id, freeShippingCodeDiscount, "freeShippingCodeDiscount"
    ),
    "discountCodeActivate": lambda _, ask, id: _lifetime(ask, id, True),
    "discountCodeDeactivate": lambda _, ask, id: _lifetime(ask, id, False),
    "discountCodeDelete": lambda _, ask, id: _delete(ask, id),
    "discountRedeemCodeBulkAdd": lambda _, ask, discountId, codes: bulk_codes.start(ask, discountId, codes),
    "webhookSubscriptionCreate": lambda _, ask, topic, webhookSubscription: _subscribe(
        ask, topic, webhookSubscription
    ),
    "webhookSubscriptionUpdate": lambda _, ask, id, webhookSubscription: _resubscribe(
        ask, id, webhookSubscription
    ),
    "webhookSubscriptionDelete": lambda _, ask, id: _unsubscribe(ask, id),
    "bulkOperationRunQuery": lambda _, ask, query, groupObjects=False: bulk.start(
        ask, query, groupObjects or ask.version < UNGROUPED_SINCE
    ),
    "bulkOperationCancel": lambda _, ask, id: bulk.cancel(ask, number_of(id, "BulkOperation") or 0),
}
# How each payload's own field is called in the answer; every one of them holds what was said.
PAYLOADS = {"node", "codeDiscountNode", "deletedCodeDiscountId", "webhookSubscription", "bulkOperation"} | {
    "deletedWebhookSubscriptionId",
    "metafields",
    "createdDefinition",
    "bulkCreation",
}
