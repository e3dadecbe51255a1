"""Rules and their codes: made and changed over REST, checked and counted when an order is placed."""

import random
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from adapters.magento.sandbox.places import ONE, Website
from adapters.magento.sandbox.problems import (
    Problem,
    no_such_entity,
    required,
    unsupported,
    wrong_type,
)
from adapters.magento.sandbox.rows import Coupon, Stamp
from adapters.magento.sandbox.rules import Cart, Rule, meets
from adapters.magento.sandbox.shop import Shop, local_day

_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T].*)?")
_COUPON_FIELDS = set(
    "coupon_id rule_id code usage_limit usage_per_customer times_used expiration_date is_primary created_at type "
    "extension_attributes".split()
)
_ALPHABETS = {
    "alphanum": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "alpha": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "num": "0123456789",
}


class CodeRefused(Exception):
    """The cart does not take the code; the text is the reason, which the shop itself never tells."""


# --- rules ---------------------------------------------------------------------------------------------------------


def save_rule(shop: Shop, given: Mapping[str, Any], key: int | None = None) -> Rule:
    """Make a rule, or merge a body into one; nearly everything is accepted, as in Magento."""
    for name in given:
        if name not in Rule.__struct_fields__:
            raise unsupported(name)
    old = Rule(shop.rules.next_id()) if key is None else shop.rules.get(key)
    if old is None:
        raise no_such_entity()
    merged = msgspec.to_builtins(old) | dict(given) | {"rule_id": old.rule_id, "times_used": old.times_used}
    for name in ("from_date", "to_date"):
        merged[name] = _day(merged.get(name))
        if key is None and merged[name] and shop.extras.get("zero_dates"):
            # 2.4.1 and some after it, with MySQL of those days: only what is changed later is stored as it was sent.
            merged[name] = "0000-00-00"
    try:
        rule = msgspec.convert(merged, Rule, strict=False)
    except msgspec.ValidationError as error:
        raise wrong_type(error, "rule") from error
    shop.rules.put(rule)
    for coupon in shop.coupons.where("rule_id", rule.id):
        limits = (rule.uses_per_coupon, rule.uses_per_customer)
        if (coupon.usage_limit, coupon.usage_per_customer) != limits:
            shop.coupons.put(replace(coupon, usage_limit=limits[0], usage_per_customer=limits[1]))
    return rule


def remove_rule(shop: Shop, key: int) -> None:
    """Delete the rule with its codes; orders keep theirs."""
    if shop.rules.get(key) is None:
        raise no_such_entity()
    for coupon in shop.coupons.where("rule_id", key):
        shop.coupons.drop(coupon.id)
    shop.rules.drop(key)


def _day(value: object) -> str | None:
    match = _DAY.fullmatch(str(value or ""))
    return match[1] if match else None


# --- coupons -------------------------------------------------------------------------------------------------------


def coupon_body(row: Coupon, *, just_saved: bool = False) -> dict[str, object]:
    """Write a coupon; right after it was made its times_used is null, later a number."""
    body: dict[str, object] = {
        "coupon_id": row.id,
        "rule_id": row.rule_id,
        "code": row.code,
        "usage_limit": row.usage_limit,
        "usage_per_customer": row.usage_per_customer,
        "times_used": None if just_saved and not row.used else row.used,
        "is_primary": True if row.primary else None,
        "created_at": row.created_at,
        "type": row.kind,
    }
    if row.expires:
        body["expiration_date"] = row.expires
    if not row.code:
        del body["code"]
    return body


def save_coupon(shop: Shop, given: Mapping[str, Any], key: int | None = None) -> Coupon:
    """Make a code, or merge a body into one. Limits come from the rule, whatever the body says."""
    for name in given:
        if name not in _COUPON_FIELDS:
            raise unsupported(name)
    old = (
        shop.coupons.get(key) if key is not None else Coupon(shop.coupons.next_id(), 0, "", 0, 0, shop.now())
    )
    if old is None:
        raise no_such_entity()
    rule_id = int(given.get("rule_id") or old.rule_id)
    kind = int(given.get("type") or 0) if key is None else int(given.get("type", old.kind))
    rule = _rule_for(shop, rule_id, kind)
    code = str(given.get("code", old.code) or "")
    if code and any(other.id != old.id for other in shop.coupons.where("code", code)):
        raise Problem(400, "%1 already exists.", ["Coupon with the same code"])
    row = replace(
        old,
        rule_id=rule_id,
        code=code,
        kind=kind,
        usage_limit=rule.uses_per_coupon,
        usage_per_customer=rule.uses_per_customer,
        primary=bool(given.get("is_primary", old.primary)),
        expires=str(given.get("expiration_date", old.expires) or ""),
    )
    return shop.coupons.put(row)


def _rule_for(shop: Shop, rule_id: int, kind: int) -> Rule:
    message = "Error occurred when saving coupon: %1"
    rule = shop.rules.get(rule_id)
    if rule is None:
        raise Problem(400, message, [f"No such entity with rule_id = {rule_id}"])
    if not rule.takes_codes:
        raise Problem(400, message, ["Specified rule does not allow coupons"])
    if rule.use_auto_generation and kind == 0:
        raise Problem(400, message, ["Specified rule only allows auto generated coupons"])
    if not rule.use_auto_generation and kind == 1:
        raise Problem(400, message, ["Specified rule does not allow auto generated coupons"])
    return rule


def generate(shop: Shop, wanted: Mapping[str, Any]) -> list[str]:
    """Make so many codes at random; when there are too few of that length, they get longer."""
    message = "Error occurred when generating coupons: %1"
    for name in ("rule_id", "quantity", "length"):
        if wanted.get(name) in (None, ""):
            raise Problem(400, message, [f"{name} is required"])
    rule = shop.rules.get(int(wanted["rule_id"]))
    if rule is None:
        raise Problem(400, message, [f"No such entity with rule_id = {wanted['rule_id']}"])
    if not rule.takes_codes or not rule.use_auto_generation:
        raise Problem(400, message, ["Specified rule does not allow automatic coupon generation"])
    alphabet = _ALPHABETS.get(str(wanted.get("format") or "alphanum"), _ALPHABETS["alphanum"])
    quantity, length = int(wanted["quantity"]), int(wanted["length"])
    while len(alphabet) ** length < quantity * 100:
        length += 1
    chance = random.SystemRandom()
    codes: list[str] = []
    while len(codes) < quantity:
        word = "".join(chance.choice(alphabet) for _ in range(length))
        code = f"{wanted.get('prefix') or ''}{_dashed(word, wanted)}{wanted.get('suffix') or ''}"
        if not shop.coupons.ids_where("code", code):
            save_coupon(shop, {"rule_id": rule.id, "code": code, "type": 1})
            codes.append(code)
    return codes


def _dashed(word: str, wanted: Mapping[str, Any]) -> str:
    every = int(wanted.get("delimiter_at_every") or 0)
    if every <= 0:
        return word
    return str(wanted.get("delimiter") or "-").join(word[i : i + every] for i in range(0, len(word), every))


def remove_coupon(shop: Shop, key: int) -> None:
    if shop.coupons.get(key) is None:
        raise no_such_entity()
    shop.coupons.drop(key)


def remove_codes(shop: Shop, codes: object, *, ignore_missing: bool) -> dict[str, object]:
    """Delete codes; one that is missing stops all of it unless missing ones are to be ignored."""
    if not isinstance(codes, list):
        raise required("codes")
    found = {str(code): shop.coupons.where("code", code) for code in codes}
    missing = [code for code, rows in found.items() if not rows]
    if missing and not ignore_missing:
        raise Problem(400, "Some coupons are invalid.")
    for rows in found.values():
        for row in rows:
            shop.coupons.drop(row.id)
    return {"failed_items": [], "missing_items": missing}


# --- at the till ---------------------------------------------------------------------------------------------------


def coupon_for(
    shop: Shop,
    code: str,
    customer_id: int | None,
    group: int,
    cart: Cart | None,
    at: Stamp,
    site: Website = ONE.websites[0],
) -> Coupon:
    """Return the coupon of a code that may be used now; raise CodeRefused. Without a cart its contents do not count."""
    found = shop.coupons.where("code", code)
    if not code or not found:
        raise CodeRefused("there is no such code")
    coupon = found[0]
    rule = shop.rules.get(coupon.rule_id)
    if rule is None or not applies(shop, rule, group, at, site):
        raise CodeRefused("its rule is off, over, not begun, or not for this customer's group or website")
    if coupon.usage_limit and coupon.used >= coupon.usage_limit:
        raise CodeRefused("it is used up")
    # Guests are not counted: a once-only code works for them again, as in Magento.
    if customer_id is not None:
        for kind, key in (("coupon", coupon.id), ("rule", rule.id)):
            if rule.uses_per_customer and shop.uses[kind, key, customer_id] >= rule.uses_per_customer:
                raise CodeRefused("this customer has used it")
    if cart is not None and not meets(rule.condition, cart):
        raise CodeRefused("the cart does not meet its condition")
    return coupon


def applies(shop: Shop, rule: Rule, group: int, at: Stamp, site: Website = ONE.websites[0]) -> bool:
    """Say whether the rule is on for the group on that day of the website. A coupon's own expiration does not count.

    Nor do a rule's days in Adobe Commerce, which has scheduled updates instead, and shows the days over REST all the same.
    """
    today = local_day(at, site.zone).isoformat()
    return bool(
        rule.is_active
        and site.id in rule.website_ids
        and group in rule.customer_group_ids
        and (shop.extras.get("undated") or (rule.from_date or "") <= today <= (rule.to_date or "9999"))
    )


def count_use(shop: Shop, code: str, customer_id: int | None, by: int) -> None:
    """Count a code's use up or down, on the code and the customer; a code that is gone is not counted.

    The rule's own count is the queue consumer's. 2.4.3 and 2.4.5 count nothing at all where that does not run.
    """
    if shop.extras.get("uncounted"):
        return
    for coupon in shop.coupons.where("code", code) if code else []:
        shop.coupons.put(replace(coupon, used=max(0, coupon.used + by)))
        rule = shop.rules.get(coupon.rule_id)
        if rule is not None and shop.extras.get("consumer"):
            shop.rules.put(replace(rule, times_used=max(0, rule.times_used + by)))
        if customer_id is not None:
            shop.uses["coupon", coupon.id, customer_id] += by
            shop.uses["rule", coupon.rule_id, customer_id] += by
