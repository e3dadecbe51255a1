"""Writing into a shop: tags on customers, and coupons bound to one customer each.

Everything here may go out twice. Tags are naturally so; a coupon's code is unique in the shop, so a second try finds
the first one's work. Nothing is touched that does not carry our mark.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

import msgspec

from adapters.shopify import documents, picture
from adapters.shopify.client import Client
from adapters.shopify.graph import Amount, Node, PageInfo, Ref
from connector.money import parse, plain
from connector.port import CodeTaken, CouponMade, LeftAlone, Marked, Refused, TryLater
from connector.records import Coupon, CouponKind

# Shown to merchants in the list of discounts, and the sign by which we know our own again.
MARK = "Comeback: "
LONGEST_TITLE = 255
LIVE = frozenset({"ACTIVE", "SCHEDULED"})
COUPONS_A_PAGE = 50

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Complaint(Node, frozen=True):
    """One userError; its message may quote what was sent, so only code and field are shown."""

    code: str | None = None
    field: tuple[str, ...] | None = None

    @property
    def place(self) -> str:
        return f"{self.code or 'INVALID'} at {'.'.join(self.field or ('input',))}"


class Tagged(Node, frozen=True):
    user_errors: tuple[Complaint, ...] = ()


class MarkData(Node, frozen=True):
    tags_add: Tagged | None = None
    tags_remove: Tagged | None = None


class Created(Node, frozen=True):
    code_discount_node: Ref | None = None
    user_errors: tuple[Complaint, ...] = ()


class BasicData(Node, frozen=True):
    discount_code_basic_create: Created


class FreeShippingData(Node, frozen=True):
    discount_code_free_shipping_create: Created


class EndData(Node, frozen=True):
    discount_code_deactivate: Created


class CodeNode(Node, frozen=True):
    code: str


class Codes(Node, frozen=True):
    nodes: tuple[CodeNode, ...] = ()


class ContextNode(Node, frozen=True):
    customers: tuple[Ref, ...] = ()


class MinimumNode(Node, frozen=True):
    greater_than_or_equal_to_subtotal: Amount | None = None


class ValueNode(Node, frozen=True):
    amount: Amount | None = None
    percentage: Decimal | None = None


class GetsNode(Node, frozen=True):
    value: ValueNode


class DiscountNode(Node, frozen=True):
    """A discount of any type; those that are not ours have few of these fields."""

    typename: str = msgspec.field(name="__typename")
    title: str = ""
    status: str = ""
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    async_usage_count: int = 0
    codes: Codes = Codes()
    context: ContextNode = ContextNode()
    customer_gets: GetsNode | None = None
    minimum_requirement: MinimumNode | None = None


class CodeDiscountNode(Node, frozen=True):
    id: str
    code_discount: DiscountNode


class ByCodeData(Node, frozen=True):
    code_discount_node_by_code: CodeDiscountNode | None


class ListedNode(Node, frozen=True):
    id: str
    discount: DiscountNode


class CouponPage(Node, frozen=True):
    nodes: tuple[ListedNode, ...]
    page_info: PageInfo


class CouponsData(Node, frozen=True):
    discount_nodes: CouponPage


def mark(
    client: Client, customer_id: str, wanted: tuple[str, ...], known: tuple[str, ...]
) -> Marked | LeftAlone:
    """Add the wanted tags and take back those of ours that are not wanted any more."""
    if any("," in tag or not tag.strip() for tag in wanted):
        raise Refused("A tag may not be empty or hold a comma: Shopify would make two of it.")
    # Shopify takes "VIP" and "vip" for one tag.
    kept = {tag.casefold() for tag in wanted}
    unwanted = [tag for tag in known if tag.casefold() not in kept]
    if not wanted and not unwanted:
        return Marked(())
    asked: dict[str, object] = {
        "id": f"gid://shopify/Customer/{customer_id}",
        "add": list(wanted),
        "remove": unwanted,
        "adding": bool(wanted),
        "removing": bool(unwanted),
    }
    done = client.change(documents.MARK, asked, MarkData)
    complaints = [it for side in (done.tags_add, done.tags_remove) if side for it in side.user_errors]
    if any(it.field == ("id",) for it in complaints):
        return LeftAlone("This customer is no longer in the shop.")
    if complaints:
        raise Refused(f"Shopify refuses the tags ({complaints[0].place}).")
    return Marked(wanted)


def make_coupon(client: Client, coupon: Coupon) -> CouponMade | CodeTaken:
    """Make the code for its one customer, once; a code that is there already is ours or somebody else's."""
    created = _create(client, coupon)
    if created.code_discount_node is not None and not created.user_errors:
        return CouponMade(picture.number_of(created.code_discount_node.id))
    if any(it.code == "TAKEN" for it in created.user_errors):
        return _adopt(client, coupon)
    place = created.user_errors[0].place if created.user_errors else "without a reason"
    raise Refused(f"Shopify refuses the coupon ({place}).")


def revoke_coupon(client: Client, code: str) -> None:
    """End the code where it is ours and still live."""
    found = _by_code(client, code)
    if found is None or not _ours(found.code_discount) or found.code_discount.status not in LIVE:
        return
    ended = client.change(documents.COUPON_END, {"id": found.id}, EndData).discount_code_deactivate
    if ended.user_errors:
        raise Refused(f"Shopify refuses to end the coupon ({ended.user_errors[0].place}).")


def coupons(client: Client, currency: str) -> Iterator[Coupon]:
    """Yield our codes that are live; `currency` is the shop's own, which percentages do not state."""
    sizes, cursor = {"first": COUPONS_A_PAGE}, None
    while True:
        asked = {"after": cursor, "query": f"title:{MARK.split(':')[0]}*"}
        page = client.sized(documents.COUPONS, asked, CouponsData, sizes).data.discount_nodes
        for node in page.nodes:
            if _ours(node.discount) and node.discount.status in LIVE:
                found = _coupon(node.discount, currency)
                if found is not None:
                    yield found
        cursor = page.page_info.end_cursor
        if not page.page_info.has_next_page:
            return


def _create(client: Client, coupon: Coupon) -> Created:
    asked = {"discount": _discount(coupon)}
    match coupon.kind:
        case "free_shipping":
            made = client.change(documents.COUPON_FREE_SHIPPING, asked, FreeShippingData)
            return made.discount_code_free_shipping_create
        case "amount" | "percentage":
            return client.change(documents.COUPON_BASIC, asked, BasicData).discount_code_basic_create


def _discount(coupon: Coupon) -> dict[str, object]:
    """Write the coupon as Shopify's input: one customer, one use."""
    minimum = plain(coupon.minimum, coupon.currency)
    discount: dict[str, object] = {
        "title": _title(coupon),
        "code": coupon.code,
        "startsAt": _text(coupon.starts_at),
        "endsAt": None if coupon.ends_at is None else _text(coupon.ends_at),
        "context": {"customers": {"add": [f"gid://shopify/Customer/{coupon.customer_id}"]}},
        "usageLimit": 1,
        "appliesOncePerCustomer": True,
        "minimumRequirement": {"subtotal": {"greaterThanOrEqualToSubtotal": minimum}}
        if coupon.minimum
        else None,
    }
    match coupon.kind:
        case "free_shipping":
            return {**discount, "destination": {"all": True}}
        case "amount":
            amount = plain(coupon.value, coupon.currency)
            value: dict[str, object] = {"discountAmount": {"amount": amount, "appliesOnEachItem": False}}
        case "percentage":
            # Shopify counts 10 % as 0.1.
            value = {"percentage": Decimal(coupon.value).scaleb(-4)}
    return {**discount, "customerGets": {"items": {"all": True}, "value": value}}


def _adopt(client: Client, coupon: Coupon) -> CouponMade | CodeTaken:
    found = _by_code(client, coupon.code)
    if found is None:
        raise TryLater("Shopify says the code exists but does not show it yet.", timedelta(minutes=1))
    there = _coupon(found.code_discount, coupon.currency)
    same = there is not None and _ours(found.code_discount) and _terms(there) == _terms(coupon)
    return CouponMade(picture.number_of(found.id)) if same else CodeTaken()


def _by_code(client: Client, code: str) -> CodeDiscountNode | None:
    return client.ask(documents.COUPON_BY_CODE, {"code": code}, ByCodeData).data.code_discount_node_by_code


def _ours(node: DiscountNode) -> bool:
    return node.title.startswith(MARK)


def _terms(coupon: Coupon) -> tuple[object, ...]:
    """What makes two coupons one: title, kind, value, customer and end; not when it began."""
    ends = None if coupon.ends_at is None else _text(coupon.ends_at)
    return (_title(coupon), coupon.kind, coupon.value, coupon.customer_id, ends, coupon.minimum)


def _coupon(node: DiscountNode, currency: str) -> Coupon | None:
    """Read one of our codes; None where it is of a kind we never make."""
    kind_and_value = _value(node, currency)
    buyers, codes = node.context.customers, node.codes.nodes
    if kind_and_value is None or len(buyers) > 1 or len(codes) != 1 or node.starts_at is None:
        return None
    needs = node.minimum_requirement and node.minimum_requirement.greater_than_or_equal_to_subtotal
    return Coupon(
        code=codes[0].code,
        kind=kind_and_value[0],
        value=kind_and_value[1],
        currency=currency,
        title=node.title.removeprefix(MARK),
        starts_at=picture.utc(node.starts_at),
        ends_at=picture.utc_or_none(node.ends_at),
        # Nobody's: its customer was joined with another one, and Shopify keeps the code.
        customer_id=picture.number_of(buyers[0].id) if buyers else "",
        minimum=parse(needs.amount, currency) if needs else 0,
        used=node.async_usage_count > 0,
    )


def _value(node: DiscountNode, currency: str) -> tuple[CouponKind, int] | None:
    if node.typename == "DiscountCodeFreeShipping":
        return ("free_shipping", 0)
    gets = node.customer_gets
    if node.typename != "DiscountCodeBasic" or gets is None:
        return None
    if gets.value.percentage is not None:
        return ("percentage", int((gets.value.percentage * 10_000).to_integral_value()))
    return None if gets.value.amount is None else ("amount", parse(gets.value.amount.amount, currency))


def _title(coupon: Coupon) -> str:
    return (MARK + coupon.title)[:LONGEST_TITLE]


def _text(moment: datetime) -> str:
    return picture.utc(moment).strftime("%Y-%m-%dT%H:%M:%SZ")
