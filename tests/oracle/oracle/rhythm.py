"""How a customer's silence is judged: their gaps on paper, the stage of their life, and who is won back when."""

from datetime import datetime, timedelta
from itertools import pairwise

from . import amounts, programme
from .days import local_day, moment, start_of


def setting(terms: dict, name: str) -> object:
    """What a version says, or what one from before the word existed means by its silence."""
    silent: dict = {
        "lapse_min_days": 30,
        "usual_gap": 0,
        "loyal_from": 5,
        "stage_tags": {},
        "win_back": None,
        "notice_days": [30, 7],
    }
    return terms.get(name, silent[name])


def zone_of(truth: dict, shop_id: int) -> str:
    return next(one["timezone"] for one in truth["shops"] if one["id"] == shop_id)


def counting(truth: dict, terms: dict) -> list[dict]:
    """The orders that count by these terms, first paid first."""
    found = [one for one in truth["orders"] if amounts.counts(one, terms["count_zero_orders"])]
    return sorted(found, key=lambda one: (moment(one["paid_at"]), one["shop_id"], one["id"]))


def quiet_after(orders: list[dict], truth: dict, terms: dict) -> tuple[datetime, datetime]:
    """When the silence after the last of these orders is a lapse, and when a loss."""
    days = [local_day(moment(one["paid_at"]), zone_of(truth, one["shop_id"])) for one in orders]
    gaps = sorted((after - before).days for before, after in pairwise(days) if after > before)
    if not gaps:
        own = setting(terms, "usual_gap") or 60
    elif len(gaps) % 2 == 1:
        own = 2 * gaps[len(gaps) // 2]
    else:
        own = 2 * ((gaps[len(gaps) // 2 - 1] + gaps[len(gaps) // 2]) // 2)
    quiet = max(setting(terms, "lapse_min_days"), own)
    zone = zone_of(truth, orders[-1]["shop_id"])
    return (
        start_of(days[-1] + timedelta(days=quiet), zone),
        start_of(days[-1] + timedelta(days=2 * quiet), zone),
    )


def stage(truth: dict, versions: list[dict], now: datetime) -> tuple[str, list[datetime]]:
    """The stage of life now, and the moments of the lapse and the loss after the last order."""
    terms = programme.at(versions, now)["terms"]
    orders = [one for one in counting(truth, terms) if moment(one["paid_at"]) <= now]
    if not orders:
        return "none", []
    lapse, loss = quiet_after(orders, truth, terms)
    if now >= loss:
        return "lost", [lapse, loss]
    if now >= lapse:
        return "lapsing", [lapse, loss]
    by_number = {1: "new", 2: "second_order"}
    name = by_number.get(len(orders), "regular")
    return "loyal" if len(orders) >= setting(terms, "loyal_from") else name, [lapse, loss]


def lapses(truth: dict, versions: list[dict], now: datetime) -> list[tuple[dict, dict, datetime]]:
    """Every win-back given by now: the order before the silence, the version that gave it, and the moment."""
    found: dict[tuple, tuple[dict, dict, datetime]] = {}
    for place, version in enumerate(versions):
        starts = moment(version["starts_at"])
        ends = moment(versions[place + 1]["starts_at"]) if place + 1 < len(versions) else datetime.max
        if setting(version["terms"], "win_back") is None:
            continue
        orders = counting(truth, version["terms"])
        for n, order in enumerate(orders):
            lapse, loss = quiet_after(orders[: n + 1], truth, version["terms"])
            given = max(starts, lapse)
            late = given >= loss or given > now or given.replace(tzinfo=None) >= ends.replace(tzinfo=None)
            back = n + 1 < len(orders) and moment(orders[n + 1]["paid_at"]) <= given
            key = (order["shop_id"], order["id"])
            if not late and not back and key not in found:
                found[key] = (order, version, given)
    return list(found.values())
