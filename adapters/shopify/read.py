"""What a delivery means, by its signed body. The topic only chooses how to read; it is not signed itself."""

from datetime import timedelta

import msgspec

from adapters.shopify import body as bodies
from adapters.shopify import picture, rest
from connector.port import (
    BadMessage,
    Change,
    CustomerForgotten,
    CustomerRemoved,
    CustomersMerged,
    DataAsked,
    Delivery,
    Ignored,
    ImportReady,
    OrderRemoved,
    OrderTouched,
    RightsChanged,
    ShopForgotten,
    ShopRemoved,
    ShopTouched,
    SyncWanted,
)

_WAITED = timedelta(hours=47)  # Shopify asks for it 48 hours after the removal; clocks differ


class IdBody(msgspec.Struct, frozen=True):
    id: int
    admin_graphql_api_id: str | None = None


class RefundOfBody(msgspec.Struct, frozen=True):
    order_id: int


class EditBody(msgspec.Struct, frozen=True):
    order_id: int


class EditedBody(msgspec.Struct, frozen=True):
    order_edit: EditBody


class MergeBody(msgspec.Struct, frozen=True):
    admin_graphql_api_customer_kept_id: str
    admin_graphql_api_customer_deleted_id: str
    status: str | None = None


class PersonBody(msgspec.Struct, frozen=True):
    id: int | None = None
    email: str | None = None


class RequestBody(msgspec.Struct, frozen=True):
    id: int | None = None


class PrivacyBody(msgspec.Struct, frozen=True):
    shop_domain: str
    customer: PersonBody | None = None
    orders_to_redact: tuple[int, ...] | None = None
    orders_requested: tuple[int, ...] | None = None
    data_request: RequestBody | None = None


class GoneShopBody(msgspec.Struct, frozen=True):
    myshopify_domain: str | None = None


class FinishedBody(msgspec.Struct, frozen=True):
    type: str | None = None


def read(delivery: Delivery) -> tuple[Change, ...]:
    """Say what the delivery means; raise BadMessage where its body cannot be understood."""
    body = bodies.parse(delivery.body)
    try:
        return (_change(delivery.topic, body),)
    except (ValueError, OverflowError) as error:
        raise BadMessage("the body holds a value that cannot be") from error


def _change(topic: str, body: object) -> Change:
    match topic:
        case "orders/create":
            return rest.order(body, just_made=True)
        case "orders/paid" | "orders/updated" | "orders/cancelled" | "orders/fulfilled":
            return rest.order(body, just_made=False)
        case "orders/edited":
            return OrderTouched(str(rest.take(body, EditedBody).order_edit.order_id))
        case "refunds/create":
            return OrderTouched(str(rest.take(body, RefundOfBody).order_id))
        case "orders/delete":
            return OrderRemoved(_id(body))
        case "customers/create" | "customers/update":
            return rest.customer(body)
        case "customers/delete":
            return CustomerRemoved(_id(body))
        case "customers/merge":
            return _merge(body)
        case "customers/redact" | "customers/data_request" | "shop/redact":
            return _privacy(topic, body)
        case "app/uninstalled":
            return _uninstalled(body)
        # What the bodies of these two say is not believed; the shop is asked.
        case "app/scopes_update":
            return RightsChanged()
        case "shop/update":
            return ShopTouched()
        case "bulk_operations/finish":
            return _finished(body)
        case _:
            return Ignored(f"Comeback does not use {topic[:60]}")


def _id(body: object) -> str:
    found = rest.take(body, IdBody)
    gid = found.admin_graphql_api_id
    return picture.number_of(gid) if gid else str(found.id)


def _merge(body: object) -> CustomersMerged | Ignored:
    merge = rest.take(body, MergeBody)
    if (merge.status or "").lower() == "failed":
        return Ignored("the shop could not join these two customers")
    return CustomersMerged(
        kept_id=picture.number_of(merge.admin_graphql_api_customer_kept_id),
        gone_id=picture.number_of(merge.admin_graphql_api_customer_deleted_id),
    )


def _privacy(topic: str, body: object) -> CustomerForgotten | DataAsked | ShopForgotten:
    found = rest.take(body, PrivacyBody)
    shop = found.shop_domain.lower()
    if topic == "shop/redact":
        return ShopForgotten(shop, _WAITED)
    person = found.customer or PersonBody()
    customer_id = None if person.id is None else str(person.id)
    if topic == "customers/redact":
        orders = tuple(str(number) for number in found.orders_to_redact or ())
        return CustomerForgotten(shop, customer_id, person.email or None, orders)
    request = found.data_request
    return DataAsked(
        shop,
        customer_id,
        person.email or None,
        "" if request is None or request.id is None else str(request.id),
        tuple(str(number) for number in found.orders_requested or ()),
    )


def _uninstalled(body: object) -> ShopRemoved | SyncWanted:
    """Only the signed body may end a shop's connection.

    Where it names no shop, anyone who holds one signed body could replay it under another shop's header. So the shop
    is asked instead: after a real uninstall its answer is 401, and that ends the connection just as well.
    """
    shop = rest.take(body, GoneShopBody).myshopify_domain
    return ShopRemoved(shop.lower()) if shop else SyncWanted()


def _finished(body: object) -> ImportReady | Ignored:
    if (rest.take(body, FinishedBody).type or "query").lower() == "query":
        return ImportReady()
    return Ignored("a bulk change has ended; Comeback waits for none")
