"""Cart price rules: what they look like, and whether and how much they take off.

Conditions know the cart's subtotal and its pieces; a discount on the shipping (apply_to_shipping) is not modelled.
"""

from typing import Any

import msgspec

from adapters.magento.sandbox.amounts import Number, cents, number, per_myriad
from connector.money import NotMoney

_COMBINE = "Magento\\SalesRule\\Model\\Rule\\Condition\\Combine"
_PRODUCTS = "Magento\\SalesRule\\Model\\Rule\\Condition\\Product\\Combine"


class Condition(msgspec.Struct, frozen=True, omit_defaults=True):
    """A comparison, or several joined by `aggregator_type`: "all" or "any"."""

    condition_type: str
    conditions: tuple["Condition", ...] = ()
    aggregator_type: str | None = None
    attribute_name: str | None = None
    operator: str | None = None
    value: str | bool | int | float | None = None

    def body(self) -> dict[str, object]:
        told: dict[str, object] = {"condition_type": self.condition_type}
        if self.conditions:
            told["conditions"] = [one.body() for one in self.conditions]
        if self.aggregator_type is not None:
            told["aggregator_type"] = self.aggregator_type
        told["operator"] = self.operator
        if self.attribute_name is not None:
            told["attribute_name"] = self.attribute_name
        told["value"] = self.value
        return told


class Rule(msgspec.Struct, frozen=True):
    """A cart price rule, field by field as REST names them."""

    rule_id: int
    name: str = ""
    store_labels: tuple[dict[str, Any], ...] = ()
    description: str | None = None
    website_ids: tuple[int, ...] = ()
    customer_group_ids: tuple[int, ...] = ()
    from_date: str | None = None
    to_date: str | None = None
    uses_per_customer: int = 0
    is_active: bool = False
    condition: Condition = Condition(_COMBINE, aggregator_type="all", value=True)
    action_condition: Condition = Condition(_PRODUCTS, aggregator_type="all", value=True)
    stop_rules_processing: bool = False
    is_advanced: bool = True
    product_ids: tuple[int, ...] | None = None
    sort_order: int = 0
    simple_action: str = "by_percent"
    discount_amount: float = 0
    discount_qty: float | None = None
    discount_step: int = 0
    apply_to_shipping: bool = False
    times_used: int = 0
    is_rss: bool = False
    coupon_type: str = "NO_COUPON"
    use_auto_generation: bool = False
    uses_per_coupon: int = 0
    simple_free_shipping: str = "0"
    extension_attributes: dict[str, Any] | None = None

    @property
    def id(self) -> int:
        return self.rule_id

    @property
    def takes_codes(self) -> bool:
        return self.coupon_type not in ("NO_COUPON", "1")

    def body(self) -> dict[str, object]:
        told: dict[str, object] = {}
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is not None:
                told[name] = list(value) if isinstance(value, tuple) else value
        told["condition"] = self.condition.body()
        told["action_condition"] = self.action_condition.body()
        told["discount_amount"] = _plain(self.discount_amount)
        if self.discount_qty is not None:
            told["discount_qty"] = _plain(self.discount_qty)
        return told


class Cart(msgspec.Struct, frozen=True):
    """What a rule looks at: each line's row with and without VAT, and its quantity."""

    rows: tuple[int, ...]
    net_rows: tuple[int, ...]
    quantities: tuple[int, ...]


def meets(condition: Condition, cart: Cart) -> bool:
    """Say whether the cart meets the condition; an attribute that is not modelled is never met."""
    if condition.attribute_name is None:
        wanted = condition.value not in (False, "0", 0)
        hits = [meets(one, cart) == wanted for one in condition.conditions]
        return any(hits) if condition.aggregator_type == "any" and hits else all(hits)
    known = {
        "base_subtotal": sum(cart.net_rows),
        "base_subtotal_with_discount": sum(cart.net_rows),
        "base_subtotal_total_incl_tax": sum(cart.rows),
        "total_qty": sum(cart.quantities) * 100,
    }
    if condition.attribute_name not in known:
        return False
    return _holds(known[condition.attribute_name], condition.operator, condition.value)


def _holds(amount: int, operator: str | None, value: object) -> bool:
    try:
        limit = cents(value)
    except NotMoney:
        return False
    match operator:
        case ">=":
            return amount >= limit
        case ">":
            return amount > limit
        case "<=":
            return amount <= limit
        case "<":
            return amount < limit
        case "!=":
            return amount != limit
        case _:
            return amount == limit


def takes_off(rule: Rule, cart: Cart, left: list[int]) -> list[int]:
    """Return what the rule takes off each line, in cents; never more than is `left` of the line."""
    match rule.simple_action:
        case "by_percent":
            rate = min(10000, per_myriad(rule.discount_amount))
            off = _rounded([row * rate for row in left], 10000)
        case "by_fixed":
            off = [cents(rule.discount_amount) * quantity for quantity in cart.quantities]
        case "cart_fixed":
            amount = min(cents(rule.discount_amount), sum(left))
            off = (
                _rounded([amount * row for row in cart.rows], sum(cart.rows))
                if amount > 0
                else [0] * len(left)
            )
        case _:
            off = [0] * len(left)
    return [min(one, limit) for one, limit in zip(off, left, strict=True)]


def _rounded(parts: list[int], whole: int) -> list[int]:
    """Divide each part by `whole`, rounding half up; what a line loses or gains by it goes to the next, as in Magento."""
    off, carried = [], 0
    for part in parts:
        one = (2 * (part + carried) + whole) // (2 * whole) if whole else 0
        carried += part - one * whole
        off.append(one)
    return off


def _plain(value: float) -> Number:
    try:
        return number(cents(value))
    except NotMoney:
        return value
