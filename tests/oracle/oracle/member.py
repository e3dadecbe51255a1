"""What should be true of one member, worked out from nothing but the shops' words, people's acts and the programme.

`truth` is a dict: `shops` (id, currency, timezone, mark_kind, codes_outlive),
`customers` (shop_id, id, perhaps a currency of their own),
`orders` and `uses` (a sandbox's neutral JSON with shop_id), `redemptions`, `adjustments`, `codes` (shop, source, reward key
-> code), and `given` (the same three -> end, of gift cards and store credit that the customer has).
"""

from collections import Counter
from datetime import datetime

from . import levels, notices, points, rhythm
from .days import moment

NOTHING: dict = {
    "sums": {},
    "lots": [],
    "balance": 0,
    "pending": [],
    "tier": None,
    "tier_until": None,
    "marks": None,
    "coupons": None,
    "stage": "none",
    "notices": {},
    "ask_again_at": None,
}


def verdict(truth: dict, versions: list[dict], now: datetime) -> dict:
    """Everything that should be booked, written on customers and live in the shops now."""
    if not versions or now < moment(versions[0]["starts_at"]):
        return NOTHING
    purse, pending = points.tell(truth, versions, now)
    stage, silence = rhythm.stage(truth, versions, now)
    said, to_come = notices.told(truth, versions, now)
    held, until = levels.tier(truth, versions, now)
    lots = Counter((one.source, one.ends) for one in purse.tokens)
    return {
        "sums": {source: sum_ for source, sum_ in purse.sums.items() if sum_},
        "lots": sorted(((source, left, ends) for (source, ends), left in lots.items()), key=str),
        "balance": len(purse.tokens) - purse.debt,
        "pending": sorted(pending),
        "tier": held["name"] if held else None,
        "tier_until": until,
        "marks": levels.marks(truth, versions, now),
        "coupons": levels.coupons(truth, versions, now),
        "stage": stage,
        "notices": said,
        "ask_again_at": next_moment(truth, versions, now, purse, pending, [*silence, *to_come]),
    }


def next_moment(
    truth: dict, versions: list[dict], now: datetime, purse: points.Purse, pending: list, more: list
) -> datetime:
    """The first moment at which time alone changes something; `more` of them are known."""
    moments = [*more, *(available for _, _, available in pending)]
    moments += [one.ends for one in purse.tokens if one.ends]
    moments += [until for _, _, until in levels.reached(truth, versions, now)]
    moments += [moment(one["starts_at"]) for one in versions]
    for act in truth["redemptions"]:
        if points.is_money(act):
            continue
        codes = [one for one in truth["uses"] if act["code"] in one["codes"] and not one["test"]]
        if not act["refused_at"] and not [one for one in codes if one["shop_id"] == act["shop_id"]]:
            moments.append(points.code_is_over(act, truth))
    later = [one for one in moments if one > now]
    return min(later) if later else None
