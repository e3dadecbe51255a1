"""Cart price rules: what a code is worth stands on its rule, so coupons of one worth and one last day share a rule."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import structs

from connector.money import exponent, plain
from connector.port import Refused
from connector.records import Coupon

from .read import minor
from .wire import Condition, Rule

PREFIX = "Comeback: "

_COMBINE = "Magento\\SalesRule\\Model\\Rule\\Condition\\Combine"
_PRODUCTS = "Magento\\SalesRule\\Model\\Rule\\Condition\\Product\\Combine"
_ADDRESS = "Magento\\SalesRule\\Model\\Rule\\Condition\\Address"
_SUBTOTAL = "base_subtotal"
_WITH_CODES = "SPECIFIC_COUPON"

Kind = Literal["amount", "percentage", "free_shipping"]
_ACTIONS: dict[Kind, str] = {
    "amount": "cart_fixed",
    "percentage": "by_percent",
    "free_shipping": "by_percent",
}


class Worth(msgspec.Struct, frozen=True):
    """What makes two coupons share a rule. `until` is the last day, in the shop's time zone; None: no end."""

    kind: Kind
    value: int
    currency: str
    minimum: int
    until: date | None
    websites: tuple[int, ...]

    @property
    def name(self) -> str:
        """The rule's name: the same worth gives the same name, so a rule is found again by it."""
        match self.kind:
            case "amount":
                what = f"{plain(self.value, self.currency)} {self.currency} off"
            case "percentage":
                what = f"{plain(self.value, 'EUR').rstrip('0').rstrip('.')} percent off"
            case "free_shipping":
                what = "free shipping"
        least = f", orders from {plain(self.minimum, self.currency)} {self.currency}" if self.minimum else ""
        end = f"until {self.until.isoformat()}" if self.until else "no end"
        return f"{PREFIX}{what}{least}, {end}, websites {' '.join(map(str, self.websites))}"


def worth(coupon: Coupon, timezone: str, websites: tuple[int, ...]) -> Worth:
    """Return what the coupon's rule must be; raise Refused for what no rule of ours says."""
    kind = coupon.kind
    if kind == "gift_card" or kind == "store_credit":
        raise Refused("Magento gives no gift cards and no store credit.")
    if kind == "buy_x_get_y" or not coupon.scope.everything or coupon.minimum_quantity:
        raise Refused("Codes here cannot be about some products, or about a number of them.")
    return Worth(
        kind,
        coupon.value,
        coupon.currency,
        coupon.minimum,
        last_day(coupon.ends_at, timezone),
        websites,
    )


def last_day(ends_at: datetime | None, timezone: str) -> date | None:
    """Return the last day on which the code works: Magento ends a rule with its day, the shop's local one."""
    if ends_at is None:
        return None
    return (ends_at - timedelta(seconds=1)).astimezone(ZoneInfo(timezone)).date()


def end_of(day: date, timezone: str) -> datetime:
    """Return the moment at which the day is over in the shop, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone)).astimezone(UTC)


def written(worth: Worth, groups: list[int]) -> dict[str, object]:
    """Return the rule as Magento wants it sent, for a start."""
    return {
        "name": worth.name,
        "description": "Made by Comeback, which finds it again by its name; please leave both as they are.",
        "customer_group_ids": groups,
        "is_active": True,
        "apply_to_shipping": False,
        "stop_rules_processing": False,
        "is_advanced": True,
        "is_rss": False,
        "sort_order": 0,
        "times_used": 0,
        **{name: value for name, value in promised(worth).items() if value is not None},
    }


def promised(worth: Worth) -> dict[str, object]:
    """Return the part of the rule that its codes were promised with; all else is the merchant's to change.

    The limits stand here, because Magento overwrites a coupon's own with the rule's, and stores a coupon's own end
    without minding it. A limit per customer would be counted over all codes of the rule together: whoever has used
    one of them could never use another.
    """
    return {
        "website_ids": list(worth.websites),
        "to_date": worth.until.isoformat() if worth.until else None,
        "coupon_type": _WITH_CODES,
        "use_auto_generation": True,
        "uses_per_coupon": 1,
        "uses_per_customer": 0,
        "simple_action": _ACTIONS[worth.kind],
        "discount_amount": _discount(worth),
        "simple_free_shipping": "1" if worth.kind == "free_shipping" else "0",
        "condition": _condition(worth),
        "action_condition": Condition(_PRODUCTS, aggregator_type="all", value="1"),
        "discount_qty": 0,
        "discount_step": 0,
    }


def stands(rule: Rule, currency: str) -> bool:
    """Do the rule's codes still give what its name says? `currency`: of the books of its websites."""
    kind = _kind(rule)
    said = Worth(
        kind,
        _value(kind, rule.discount_amount, currency),
        currency,
        _minimum(rule.condition, currency),
        _day(rule.to_date),
        tuple(sorted(rule.website_ids or [])),
    )
    return (
        said.name == rule.name
        and rule.simple_action == _ACTIONS[kind]
        and (rule.discount_amount or 0) == _discount(said)
        and _only_a_minimum(rule.condition)
        and _for_everything(rule)
        and (rule.coupon_type, rule.use_auto_generation) == (_WITH_CODES, True)
        and (rule.uses_per_coupon, rule.uses_per_customer) == (1, 0)
    )


def ends_as_named(rule: Rule) -> bool:
    """Is the rule's last day the one that its codes were promised to?"""
    day = _day(rule.to_date)
    return day is not None and f", until {day.isoformat()}, " in (rule.name or "")


def read(rule: Rule, code: str, created_at: datetime, used: bool, currency: str, timezone: str) -> Coupon:
    """Return a code of one of our rules as the shop states it; whose it is only the house knows."""
    day = _day(rule.to_date)
    kind = _kind(rule)
    return Coupon(
        code=code.upper(),
        kind=kind,
        value=_value(kind, rule.discount_amount, currency),
        currency=currency,
        title=rule.name or "",
        starts_at=created_at,
        ends_at=end_of(day, timezone) if day else None,
        customer_id="",
        minimum=_minimum(rule.condition, currency),
        used=used,
    )


def _discount(worth: Worth) -> Decimal:
    match worth.kind:
        case "amount":
            return Decimal(worth.value).scaleb(-exponent(worth.currency))
        case "percentage":
            return Decimal(worth.value).scaleb(-2)
        case "free_shipping":
            return Decimal(0)


def _kind(rule: Rule) -> Kind:
    if str(rule.simple_free_shipping or "0") != "0":
        return "free_shipping"
    return "amount" if rule.simple_action == "cart_fixed" else "percentage"


def _value(kind: Kind, discount: Decimal | None, currency: str) -> int:
    match kind:
        case "amount":
            return minor(discount, currency)
        case "percentage":
            return int((discount or Decimal(0)).scaleb(2))
        case "free_shipping":
            return 0


def _condition(worth: Worth) -> Condition:
    every = Condition(_COMBINE, aggregator_type="all", value="1")
    if not worth.minimum:
        return every
    least = plain(worth.minimum, worth.currency)
    subtotal = Condition(_ADDRESS, operator=">=", attribute_name=_SUBTOTAL, value=least)
    return structs.replace(every, conditions=[subtotal])


def _minimum(condition: Condition | None, currency: str) -> int:
    parts = (condition.conditions if condition else None) or []
    least = next((part.value for part in parts if part.attribute_name == _SUBTOTAL), None)
    return 0 if least is None else minor(Decimal(str(least)), currency)


def _only_a_minimum(condition: Condition | None) -> bool:
    if condition is None or not condition.conditions:
        return True
    asked = [(part.attribute_name, part.operator) for part in condition.conditions]
    return asked == [(_SUBTOTAL, ">=")] and str(condition.value) in ("1", "True")


def _for_everything(rule: Rule) -> bool:
    """Does the discount go to all that is in the cart, however much it is of one thing?"""
    some = rule.action_condition is not None and bool(rule.action_condition.conditions)
    return not some and not rule.discount_qty and (rule.discount_step or 0) <= 1


def _day(text: str | None) -> date | None:
    if not text:
        return None
    # Some versions store zeros for a day; at the till it is long past.
    return date.min if text.startswith("0000") else date.fromisoformat(text[:10])
