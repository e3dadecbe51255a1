"""Making codes in a shop, ending them and taking them away, each safe to repeat.

A code is unique in the shop, so a second try finds the first one's work. Nothing is touched that does not carry our mark.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from adapters.shopify import discounts, documents, picture, pull
from adapters.shopify.client import Client
from adapters.shopify.complaint import Complaint
from adapters.shopify.discounts import LIVE, MARK, ByCodeData, CodeDiscountNode, Codes, CouponsData
from adapters.shopify.graph import Node, Ref
from connector.money import plain
from connector.port import CodeTaken, CouponMade, Refused, TryLater
from connector.records import Coupon, Scope

LONGEST_TITLE = 255
COUPONS_A_PAGE = 50
OURS = f"title:{MARK.split(':')[0]}*"

Input = dict[str, object]
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


class Created(Node, frozen=True):
    code_discount_node: Ref | None = None
    user_errors: tuple[Complaint, ...] = ()


class BasicData(Node, frozen=True):
    discount_code_basic_create: Created


class FreeShippingData(Node, frozen=True):
    discount_code_free_shipping_create: Created


class BxgyData(Node, frozen=True):
    discount_code_bxgy_create: Created


class EndData(Node, frozen=True):
    discount_code_deactivate: Created


class Deleted(Node, frozen=True):
    user_errors: tuple[Complaint, ...] = ()


class DeleteData(Node, frozen=True):
    discount_code_delete: Deleted


def make(client: Client, coupon: Coupon, *, among_many: bool = False) -> CouponMade | CodeTaken:
    """Make the code, once; a code that is there already is ours or somebody else's.

    `among_many`: it is the first of many codes that hang together.
    """
    created = _create(client, coupon)
    if created.code_discount_node is not None and not created.user_errors:
        return CouponMade(picture.number_of(created.code_discount_node.id))
    if any(it.code == "TAKEN" for it in created.user_errors):
        return _adopt(client, coupon, among_many)
    place = created.user_errors[0].place if created.user_errors else "without a reason"
    raise Refused(f"Shopify refuses the coupon ({place}).")


def revoke(client: Client, code: str) -> None:
    """End the code where it is ours and still live."""
    found = by_code(client, code)
    if found is None or not found.code_discount.ours or found.code_discount.status not in LIVE:
        return
    ended = client.change(documents.COUPON_END, {"id": found.id}, EndData).discount_code_deactivate
    if ended.user_errors:
        raise Refused(f"Shopify refuses to end the coupon ({ended.user_errors[0].place}).")


def delete(client: Client, code: str) -> None:
    """Take the code away where it is ours, ended and was never used; any other stays, and one that is gone is fine."""
    found = by_code(client, code)
    if found is None or not found.code_discount.ours:
        return
    if found.code_discount.status in LIVE or found.code_discount.async_usage_count:
        return
    gone = client.change(documents.COUPON_DELETE, {"id": found.id}, DeleteData).discount_code_delete
    if gone.user_errors:
        raise Refused(f"Shopify refuses to delete the coupon ({gone.user_errors[0].place}).")


def live(client: Client, currency: str) -> Iterator[Coupon]:
    """Yield our codes that are live, without what they are about; `currency` is the shop's own."""
    sizes, cursor, sought, gone = {"first": COUPONS_A_PAGE}, None, OURS, 0
    while True:
        asked = {"after": cursor, "query": sought}
        page = client.sized(documents.COUPONS, asked, CouponsData, sizes).data.discount_nodes
        for node in page.nodes:
            if node.discount.ours and node.discount.status in LIVE:
                found = discounts.coupon(node.discount, currency)
                if found is not None:
                    yield found
        gone += len(page.nodes)
        if not page.page_info.has_next_page:
            return
        cursor = pull.onward(cursor, page.page_info)
        if gone >= pull.FAR:
            last = picture.number_of(page.nodes[-1].id)
            sought, cursor, gone = f"{OURS} id:>{last}", None, 0


def _create(client: Client, coupon: Coupon) -> Created:
    asked = {"discount": _discount(coupon)}
    match coupon.kind:
        case "free_shipping":
            made = client.change(documents.COUPON_FREE_SHIPPING, asked, FreeShippingData)
            return made.discount_code_free_shipping_create
        case "buy_x_get_y":
            return client.change(documents.COUPON_BXGY, asked, BxgyData).discount_code_bxgy_create
        case "amount" | "percentage":
            return client.change(documents.COUPON_BASIC, asked, BasicData).discount_code_basic_create
        case "gift_card" | "store_credit":
            raise Refused("A gift of money is no discount code.")


def _discount(coupon: Coupon) -> Input:
    """Write the coupon as Shopify's input."""
    return {
        "title": _title(coupon),
        "code": coupon.code,
        "startsAt": picture.text(coupon.starts_at),
        "endsAt": None if coupon.ends_at is None else picture.text(coupon.ends_at),
        "context": _context(coupon),
        "combinesWith": {f"{name}Discounts": True for name in coupon.combines},
        "usageLimit": coupon.usage_limit,
        "appliesOncePerCustomer": coupon.once_per_customer,
        **_gives(coupon),
    }


def _context(coupon: Coupon) -> Input:
    if coupon.segment_id:
        return {"customerSegments": {"add": [f"gid://shopify/Segment/{coupon.segment_id}"]}}
    if not coupon.customer_id:
        return {"all": "ALL"}
    return {"customers": {"add": [f"gid://shopify/Customer/{coupon.customer_id}"]}}


def _gives(coupon: Coupon) -> Input:
    """Write what the code gives, and from how large an order on."""
    least: Input = {"minimumRequirement": _minimum(coupon)}
    items = _items(coupon.scope)
    match coupon.kind:
        case "free_shipping":
            return {**least, "destination": {"all": True}}
        case "amount":
            amount = plain(coupon.value, coupon.currency)
            value: Input = {"discountAmount": {"amount": amount, "appliesOnEachItem": False}}
            return {**least, "customerGets": {"items": items, "value": value}}
        case "percentage":
            return {**least, "customerGets": {"items": items, "value": {"percentage": _share(coupon)}}}
        case "buy_x_get_y":
            effect = {"quantity": str(coupon.gets), "effect": {"percentage": _share(coupon)}}
            return {
                "customerBuys": {"items": _items(coupon.buys), "value": _bought(coupon)},
                "customerGets": {"items": items, "value": {"discountOnQuantity": effect}},
                "usesPerOrderLimit": 1,
            }
        case "gift_card" | "store_credit":
            raise Refused("A gift of money is no discount code.")


def _minimum(coupon: Coupon) -> Input | None:
    if coupon.minimum_quantity:
        return {"quantity": {"greaterThanOrEqualToQuantity": str(coupon.minimum_quantity)}}
    if coupon.minimum:
        minimum = plain(coupon.minimum, coupon.currency)
        return {"subtotal": {"greaterThanOrEqualToSubtotal": minimum}}
    return None


def _bought(coupon: Coupon) -> Input:
    if coupon.minimum:
        return {"amount": plain(coupon.minimum, coupon.currency)}
    return {"quantity": str(coupon.minimum_quantity)}


def _items(scope: Scope) -> Input:
    if scope.products:
        return {"products": {"productsToAdd": [f"gid://shopify/Product/{it}" for it in scope.products]}}
    if scope.collections:
        return {"collections": {"add": [f"gid://shopify/Collection/{it}" for it in scope.collections]}}
    return {"all": True}


def _share(coupon: Coupon) -> Decimal:
    """Shopify counts 10 % as 0.1."""
    return Decimal(coupon.value) / discounts.HUNDREDTHS


def _adopt(client: Client, coupon: Coupon, among_many: bool) -> CouponMade | CodeTaken:
    found = by_code(client, coupon.code)
    if found is None:
        raise TryLater("Shopify says the code exists but does not show it yet.", timedelta(minutes=1))
    standing = found.code_discount
    if among_many:
        standing = msgspec.structs.replace(standing, codes=Codes(standing.codes.nodes[:1]))
    there = discounts.coupon(standing, coupon.currency)
    same = there is not None and found.code_discount.ours and _terms(there) == _terms(coupon)
    return CouponMade(picture.number_of(found.id)) if same else CodeTaken()


def by_code(client: Client, code: str) -> CodeDiscountNode | None:
    """Return the discount that this code is one of the codes of."""
    return client.ask(documents.COUPON_BY_CODE, {"code": code}, ByCodeData).data.code_discount_node_by_code


def _terms(coupon: Coupon) -> Coupon:
    """What makes two coupons one: everything but when it began, how its code is spelled, and whether it was used."""
    return msgspec.structs.replace(
        coupon,
        code=coupon.code.upper(),
        title=_title(coupon),
        starts_at=_EVER,
        ends_at=None if coupon.ends_at is None else picture.utc(coupon.ends_at).replace(microsecond=0),
        scope=_sorted(coupon.scope),
        buys=_sorted(coupon.buys),
        combines=tuple(sorted(coupon.combines)),
        used=False,
    )


def _sorted(scope: Scope) -> Scope:
    return Scope(tuple(sorted(scope.products)), tuple(sorted(scope.collections)))


def _title(coupon: Coupon) -> str:
    return (MARK + coupon.title)[:LONGEST_TITLE]
