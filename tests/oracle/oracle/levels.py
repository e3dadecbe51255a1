"""Tiers, marks and coupons, each looked up anew from the list of orders that count."""

from datetime import datetime

from . import amounts, programme, rhythm
from .days import end_after, local_day, moment, some_months_later


def counting(truth: dict, versions: list[dict], now: datetime) -> list[dict]:
    """The member's orders that count, first paid first."""
    zero = programme.at(versions, now)["terms"]["count_zero_orders"]
    found = [one for one in truth["orders"] if amounts.counts(one, zero)]
    return sorted(found, key=lambda one: (moment(one["paid_at"]), one["shop_id"], one["id"]))


def zone_of(truth: dict, shop_id: int) -> str:
    return next(one["timezone"] for one in truth["shops"] if one["id"] == shop_id)


def worths(orders: list[dict], truth: dict, terms: dict) -> list[tuple]:
    """Each order with its moment, its local day and what it is worth in the merchant's currency."""
    found = []
    for order in orders:
        paid = moment(order["paid_at"])
        money = programme.currency(terms, order["currency"])
        worth = amounts.base(order, terms["base"]) * money["rate"] // 1_000_000 if money else 0
        found.append((order, paid, local_day(paid, zone_of(truth, order["shop_id"])), worth))
    return found


def reached(truth: dict, versions: list[dict], now: datetime) -> list[tuple[int, dict, datetime]]:
    """Every order that reached a level: the level's place, the tier, and until when it is held."""
    terms = programme.at(versions, now)["terms"]
    rows = worths(counting(truth, versions, now), truth, terms)
    found = []
    for order, paid, day, _ in rows:
        before = some_months_later(day, -terms["tier_window_months"])
        spend = sum(worth for _, other, own_day, worth in rows if other <= paid and own_day > before)
        places = [place for place, tier in enumerate(terms["tiers"]) if tier["threshold"] <= spend]
        if places and paid <= now:
            zone = zone_of(truth, order["shop_id"])
            until = end_after(day, zone, months=terms["tier_term_months"], days=terms["tier_grace_days"])
            found.append((places[-1], terms["tiers"][places[-1]], until))
    return found


def tier(truth: dict, versions: list[dict], now: datetime) -> tuple[dict | None, datetime | None]:
    """The tier held now, and until when."""
    held = [one for one in reached(truth, versions, now) if now < one[2]]
    if not held:
        return None, None
    best = max(place for place, _, _ in held)
    same = [one for one in held if one[0] == best]
    return same[0][1], max(until for _, _, until in same)


def marks(truth: dict, versions: list[dict], now: datetime) -> dict[tuple[int, str], tuple[str, ...]]:
    """What every customer of the member should carry."""
    terms = programme.at(versions, now)["terms"]
    held, _ = tier(truth, versions, now)
    tags = {held["tag"]} if held else set()
    group = tuple(tags)
    if terms["returning_tag"] and len(counting(truth, versions, now)) >= 2:
        tags = tags | {terms["returning_tag"]}
    own = rhythm.setting(terms, "stage_tags").get(rhythm.stage(truth, versions, now)[0])
    if own:
        tags = tags | {own}
    kinds = {shop["id"]: shop["mark_kind"] for shop in truth["shops"]}
    return {
        (one["shop_id"], one["id"]): group if kinds[one["shop_id"]] == "group" else tuple(sorted(tags))
        for one in truth["customers"]
    }


def coupons(truth: dict, versions: list[dict], now: datetime) -> dict[tuple[int, str, str], dict]:
    """Every coupon of an n-th order or a lapse that should be live and unused now, by shop, source and reward key.

    `codes` of the truth says which code was made for which of them. A gift card or store credit that was given stays, so
    `given` ones are there until they end, and no order uses one up.
    """
    used = {
        (one["shop_id"], code)
        for one in truth["uses"]
        if not one["test"] and not amounts.undone(one)
        for code in one["codes"]
    }
    wanted = {key: None for key, ends in truth.get("given", {}).items() if now < ends}
    for order, version, given in rhythm.lapses(truth, versions, now):
        rule, source = version["terms"]["win_back"], f"lapse:order:{order['shop_id']}:{order['id']}"
        found = coupon(rule, order, version, given, truth)
        key = (order["shop_id"], source, rule["key"])
        gone = not is_gift(rule) and (key[0], truth["codes"].get(key)) in used
        if found and now < found["ends_at"] and not gone:
            wanted[key] = found
    for place, order in enumerate(counting(truth, versions, now), start=1):
        paid, shop_id = moment(order["paid_at"]), order["shop_id"]
        version = programme.at(versions, paid)
        if paid < moment(version["counts_from"]):
            continue
        for rule in version["terms"]["nth_orders"]:
            key = (shop_id, f"order:{shop_id}:{order['id']}", rule["key"])
            found = coupon(rule, order, version, paid, truth)
            if rule["after"] != place or found is None or now >= found["ends_at"]:
                continue
            if is_gift(rule) or (shop_id, truth["codes"].get(key)) not in used:
                wanted[key] = found
    return wanted


def is_gift(rule: dict) -> bool:
    return rule["reward"]["kind"] in ("gift_card", "store_credit")


def coupon(rule: dict, order: dict, version: dict, when: datetime, truth: dict) -> dict | None:
    """The coupon that a rule gives at that moment in the order's shop; None where it can be nobody's or worth nothing."""
    shop_id, customer = order["shop_id"], order["customer_id"]
    if customer is None:
        customer = next((one["id"] for one in truth["customers"] if one["shop_id"] == shop_id), None)
    money = None if customer is None else money_of(customer, order, rule["reward"], version["terms"], truth)
    if money is None:
        return None
    zone = zone_of(truth, shop_id)
    return {
        "customer_id": customer,
        "kind": rule["reward"]["kind"],
        "starts_at": when,
        "ends_at": end_after(local_day(when, zone), zone, days=rule["reward"].get("valid_days", 60)),
        **worth(rule["reward"], version["terms"], money),
        **conditions(rule["reward"]),
    }


def conditions(reward: dict) -> dict:
    """What the reward is about, how many it asks for and beside what it goes, in plain lists."""
    allowed = {
        "nothing": [],
        "shipping": ["shipping"],
        "everything": ["order", "product", "shipping"],
    }[reward.get("combines", "nothing")]
    if reward["kind"] == "free_shipping":
        allowed = [one for one in allowed if one != "shipping"]
    return {
        "minimum_quantity": reward.get("minimum_quantity", 0),
        "gets": reward.get("gets", 0),
        "combines": allowed,
        "about": [reward.get("scope", {}).get(what, []) for what in ("products", "collections")],
        "bought": [reward.get("buys", {}).get(what, []) for what in ("products", "collections")],
    }


def tellable(terms: dict, code: str) -> bool:
    """Can money of the merchant be told in this currency?"""
    return code == terms["currency"] or programme.currency(terms, code) is not None


def money_of(customer: str, order: dict, reward: dict, terms: dict, truth: dict) -> str | None:
    """The currency a coupon speaks: the shop's; of a customer with a currency of their own that of the order, else theirs,
    as far as there is a rate. None where nothing can be promised: the shop's own helps nobody who is at home in other books,
    but for a reward that says no amount."""
    shop_id = order["shop_id"]
    whose = next(
        (one for one in truth["customers"] if (one["shop_id"], one["id"]) == (shop_id, customer)), {}
    )
    own = next(one["currency"] for one in truth["shops"] if one["id"] == shop_id)
    first = [order["currency"], whose["currency"]] if whose.get("currency") else []
    free = reward["kind"] in ("percentage", "free_shipping", "buy_x_get_y") and not reward.get("minimum")
    last = [own] if free or not first else []
    return next((code for code in [*first, *last] if tellable(terms, code)), None)


def worth(reward: dict, terms: dict, own: str) -> dict:
    """The value and the smallest order of a reward, in that currency."""
    value, minimum = reward.get("value", 0), reward.get("minimum", 0)
    money = programme.currency(terms, own)
    if own != terms["currency"]:
        minimum = minimum * 1_000_000 // money["rate"]
        if reward["kind"] in ("amount", "gift_card", "store_credit"):
            value = value * 1_000_000 // money["rate"]
    return {"value": value, "minimum": minimum, "currency": own}
