"""The checks and readings of a discount that the app wants to make; complaints carry the platform's codes."""

from datetime import datetime
from typing import Any

from adapters.shopify.sandbox import discounts, entitled
from adapters.shopify.sandbox.catalogue import Items
from adapters.shopify.sandbox.fields.ask import number_of
from adapters.shopify.sandbox.refusals import Complaint
from adapters.shopify.sandbox.state import CURRENCY, Shop
from adapters.shopify.sandbox.things import Discount
from connector.money import NotMoney, parse

_LONGEST = 255
_BASIC = "basicCodeDiscount"


def complaints(shop: Shop, wish: dict[str, Any], root: str, old: Discount | None = None) -> list[Complaint]:
    """Return everything that is wrong with the wish, in the platform's order; empty when it can be kept."""
    found = [*_title(wish, root, old), *_code(shop, wish, root, old), *_dates(wish, root, old)]
    found += [*_context(shop, wish, root), *_minimum(wish, root), *_limits(wish, root)]
    if root == _BASIC:
        found += _value(wish, root, old)
        found += entitled.items(shop, (wish.get("customerGets") or {}).get("items"), [root, "customerGets"])
    elif root == entitled.BXGY:
        found += entitled.bought_and_got(shop, wish, old is None)
    elif (wish.get("combinesWith") or {}).get("shippingDiscounts"):
        found.append(
            Complaint(
                "shipping discounts do not combine with each other",
                [root, "combinesWith"],
                "INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS",
            )
        )
    return found


def discount(shop: Shop, wish: dict[str, Any], root: str, old: Discount | None = None) -> Discount:
    """Read a wish that has no complaints; what an update leaves out stays as it was."""
    now = shop.now()
    kind, amount, percentage = _worth(wish, root, old)
    minimum, units = _least(wish, root, old)
    gets, buys = wish.get("customerGets") or {}, wish.get("customerBuys") or {}
    about, bought = (Items(), Items())
    if old is not None:
        about = Items(old.products, old.collections)
        bought = Items(old.bought_products, old.bought_collections)
    about, bought = entitled.read(gets.get("items"), about), entitled.read(buys.get("items"), bought)
    on_quantity = (gets.get("value") or {}).get("discountOnQuantity") or {}
    combine = wish.get("combinesWith") or {}
    dearest = wish.get("maximumShippingPrice")
    return Discount(
        id=old.id if old else shop.next_id("discount"),
        code=wish.get("code") or (old.code if old else ""),
        title=wish.get("title") or (old.title if old else ""),
        kind=kind,
        starts_at=wish.get("startsAt") or (old.starts_at if old else now),
        ends_at=wish.get("endsAt", old.ends_at if old else None),
        created_at=old.created_at if old else now,
        updated_at=now,
        amount=amount,
        percentage=percentage,
        minimum=minimum,
        minimum_quantity=units,
        customer_ids=_customers(wish, old),
        usage_limit=wish.get("usageLimit"),
        once_per_customer=bool(wish.get("appliesOncePerCustomer")),
        combines_with=(
            bool(combine.get("orderDiscounts")),
            bool(combine.get("productDiscounts")),
            bool(combine.get("shippingDiscounts")),
        ),
        tags=list(wish.get("tags") or []),
        maximum_shipping=_minor(dearest),
        products=about.products,
        collections=about.collections,
        bought_products=bought.products,
        bought_collections=bought.collections,
        got=int(on_quantity.get("quantity") or (old.got if old else 0)),
        uses_per_order=wish.get("usesPerOrderLimit", old.uses_per_order if old else None),
        segment_ids=_segments(wish, old),
    )


def _title(wish: dict[str, Any], root: str, old: Discount | None) -> list[Complaint]:
    title: str = wish.get("title", old.title if old else None) or ""
    if not title.strip():
        return [Complaint("a title is needed", [root, "title"], "BLANK")]
    if len(title) > _LONGEST:
        return [Complaint(f"a title has at most {_LONGEST} signs", [root, "title"], "TOO_LONG")]
    return []


def _code(shop: Shop, wish: dict[str, Any], root: str, old: Discount | None) -> list[Complaint]:
    code, field = wish.get("code", old.code if old else None) or "", [root, "code"]
    if not code.strip():
        return [Complaint("a code is needed", field, "BLANK")]
    if len(code) > _LONGEST:
        return [Complaint(f"a code has at most {_LONGEST} signs", field, "TOO_LONG")]
    if "\n" in code or "\r" in code:
        return [Complaint("a code stands on one line", field, "INVALID")]
    other = discounts.by_code(shop, code)
    if other is not None and (old is None or other.id != old.id):
        return [Complaint("this code is in use", field, "TAKEN")]
    return []


def _dates(wish: dict[str, Any], root: str, old: Discount | None) -> list[Complaint]:
    starts: datetime | None = wish.get("startsAt", old.starts_at if old else None)
    ends: datetime | None = wish.get("endsAt")
    if starts is None:
        return [Complaint("a beginning is needed", [root, "startsAt"], "BLANK")]
    if ends is not None and ends <= starts:
        return [Complaint("the end must come after the beginning", [root, "endsAt"], "INVALID")]
    return []


def _context(shop: Shop, wish: dict[str, Any], root: str) -> list[Complaint]:
    context = wish.get("context") or {}
    buyers = (context.get("customers") or {}).get("add") or []
    segments = (context.get("customerSegments") or {}).get("add") or []
    unknown = [("customers", one) for one in buyers if _stranger(shop, one)]
    known = shop.catalogue.segments
    unknown += [("customerSegments", one) for one in segments if number_of(one, "Segment") not in known]
    return [
        Complaint(f"{one} is not there", [root, "context", kind, "add"], "INVALID") for kind, one in unknown
    ]


def _stranger(shop: Shop, global_id: str) -> bool:
    return shop.customers.get(number_of(global_id, "Customer") or 0) is None


def _minimum(wish: dict[str, Any], root: str) -> list[Complaint]:
    least, field = wish.get("minimumRequirement") or {}, [root, "minimumRequirement"]
    if least.get("subtotal") and least.get("quantity"):
        return [Complaint("a smallest order is one of money and quantity", [*field, "subtotal"], "CONFLICT")]
    amount = _minor((least.get("subtotal") or {}).get("greaterThanOrEqualToSubtotal"))
    if amount is not None and amount < 0:
        where = [*field, "subtotal", "greaterThanOrEqualToSubtotal"]
        return [Complaint("a smallest order cannot be negative", where, "GREATER_THAN")]
    return []


def _limits(wish: dict[str, Any], root: str) -> list[Complaint]:
    limit = wish.get("usageLimit")
    if limit is not None and limit < 1:
        return [Complaint("a code can be used at least once", [root, "usageLimit"], "GREATER_THAN")]
    return []


def _value(wish: dict[str, Any], root: str, old: Discount | None) -> list[Complaint]:
    gets = wish.get("customerGets") or {}
    value, field = gets.get("value") or {}, [root, "customerGets", "value"]
    if old is None and not gets.get("items"):
        return [Complaint("what is discounted must be named", [root, "customerGets", "items"], "BLANK")]
    if not value:
        return [] if old else [Complaint("a value is needed", field, "BLANK")]
    if len(value) > 1:
        return [Complaint("a value is one of share and amount", field, "CONFLICT")]
    percentage = value.get("percentage")
    if percentage is not None:
        good = 0 < percentage <= 1
        where = [*field, "percentage"]
        return [] if good else [Complaint("a share lies between 0 and 1", where, "VALUE_OUTSIDE_RANGE")]
    amount = _minor((value.get("discountAmount") or {}).get("amount"))
    where = [*field, "discountAmount", "amount"]
    # The platform's code for an amount that is too small reads as if it were too large.
    return (
        []
        if amount and amount > 0
        else [Complaint("an amount must be positive", where, "LESS_THAN_OR_EQUAL_TO")]
    )


def _worth(wish: dict[str, Any], root: str, old: Discount | None) -> tuple[str, int, int]:
    """Return kind, amount and percentage."""
    if root == entitled.BXGY:
        effect = _effect(wish)
        return (
            "buy_x_get_y",
            0,
            round(effect * 10000) if effect is not None else (old.percentage if old else 0),
        )
    if root != _BASIC:
        return "free_shipping", 0, 0
    value = (wish.get("customerGets") or {}).get("value") or {}
    if value.get("percentage") is not None:
        return "percentage", 0, round(value["percentage"] * 10000)
    if value.get("discountAmount"):
        return "amount", _minor(value["discountAmount"]["amount"]) or 0, 0
    assert old is not None
    return old.kind, old.amount, old.percentage


def _effect(wish: dict[str, Any]) -> float | None:
    value = (wish.get("customerGets") or {}).get("value") or {}
    share: float | None = ((value.get("discountOnQuantity") or {}).get("effect") or {}).get("percentage")
    return share


def _least(wish: dict[str, Any], root: str, old: Discount | None) -> tuple[int, int]:
    """Return the smallest order, in minor units or in units; of what is bought, where something comes of it."""
    if root == entitled.BXGY:
        value = (wish.get("customerBuys") or {}).get("value")
        if value is None and old is not None:
            return old.minimum, old.minimum_quantity
        return _minor((value or {}).get("amount")) or 0, int((value or {}).get("quantity") or 0)
    least = wish.get("minimumRequirement") or {}
    subtotal = (least.get("subtotal") or {}).get("greaterThanOrEqualToSubtotal")
    units = (least.get("quantity") or {}).get("greaterThanOrEqualToQuantity")
    return _minor(subtotal) or 0, int(units or 0)


def _segments(wish: dict[str, Any], old: Discount | None) -> list[int]:
    if "context" not in wish:
        return old.segment_ids if old else []
    named = ((wish["context"] or {}).get("customerSegments") or {}).get("add") or []
    return [number_of(one, "Segment") or 0 for one in named]


def _customers(wish: dict[str, Any], old: Discount | None) -> list[int] | None:
    context = wish.get("context") or {}
    if context.get("customers") is None:
        return old.customer_ids if old and "context" not in wish else None
    add = [number_of(one, "Customer") or 0 for one in context["customers"].get("add") or []]
    drop = {number_of(one, "Customer") for one in context["customers"].get("remove") or []}
    known = old.customer_ids or [] if old else []
    return [number for number in dict.fromkeys([*known, *add]) if number not in drop]


def _minor(text: str | None) -> int | None:
    """Read an amount; None stands for one that was not given, -1 for one that is none."""
    if text is None:
        return None
    try:
        return parse(text, CURRENCY)
    except NotMoney:
        return -1
