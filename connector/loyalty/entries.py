"""The ledger's missing lines: for every source, what should be booked less what is.

Each kind of source has its own way to say its target and, only where something differs, the figures behind it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import assert_never

from connector.loyalty import earning
from connector.loyalty.calendar import local
from connector.loyalty.earning import Earning
from connector.loyalty.facts import (
    Adjustment,
    AdjustmentInputs,
    EarnInputs,
    EarnsNothing,
    Entry,
    ExpiryInputs,
    Inputs,
    Redemption,
    RedemptionInputs,
    Rule,
    ShopOrder,
)
from connector.loyalty.lots import Ended
from connector.loyalty.picture import Origin
from connector.loyalty.redemptions import Outcome

Points = dict[str, int]  # what is booked for each source


def recompute(inputs: Inputs) -> int:
    """Return the points of an entry from the figures stored with it."""
    match inputs:
        case EarnInputs(kept=kept, step=step, points=points, why=why):
            target = 0 if why else kept // step * points
        case RedemptionInputs(points=points, returned=returned):
            target = returned - points
        case ExpiryInputs(target=target) | AdjustmentInputs(target=target):
            pass
        case _:
            assert_never(inputs)
    return target - inputs.booked


def of_orders(earnings: Iterable[Earning], booked: Points, now: datetime) -> Iterator[Entry]:
    """Yield what paid orders lack; points in their hold are not booked."""
    for earned in earnings:
        sale, held = earned.sale, now < earned.available_at
        before = booked.get(sale.source, 0)
        target = 0 if held else earned.points
        if target != before:
            moment = earned.available_at
            if sale.source in booked:
                moment = max(moment, sale.order.changed_at)
            inputs = earning.inputs(earned, held, before)
            yield _entry(sale.source, "earn", sale.version.number, min(moment, now), inputs)


def of_idle(placed: ShopOrder, version: int, booked: Points, now: datetime) -> Iterator[Entry]:
    """Yield what an order that is not paid (any more), or a test, must give back."""
    before, order = booked.get(placed.source, 0), placed.order
    if before:
        why: EarnsNothing = "test" if order.test else "unpaid"
        inputs = EarnInputs(order.number, order.currency, order.kept_goods, 0, 0, 0, before, why)
        yield _entry(placed.source, "earn", version, min(order.changed_at, now), inputs)


def of_redemptions(
    redeemed: Iterable[tuple[Redemption, Outcome]], booked: Points, now: datetime
) -> Iterator[Entry]:
    """Yield what redemptions lack: the points taken, and those that came back."""
    for act, outcome in redeemed:
        before, target = booked.get(act.source, 0), outcome.returned - act.points
        if target != before:
            moment = outcome.moment if outcome.returned and act.source in booked else act.at
            inputs = RedemptionInputs(
                act.reward_key, act.points, outcome.returned, outcome.why, target, before, act.reward_name
            )
            yield _entry(act.source, "redemption", act.version, min(moment, now), inputs)


def of_adjustments(acts: Iterable[Adjustment], booked: Points, now: datetime) -> Iterator[Entry]:
    """Yield what adjustments by people lack."""
    for act in acts:
        before = booked.get(act.source, 0)
        if act.points != before:
            inputs = AdjustmentInputs(act.reason, act.actor, act.points, before)
            yield _entry(act.source, "adjustment", act.version, min(act.at, now), inputs)


def expiry_source(source: str) -> str:
    """Return the source under which the expiry of this source's lots is booked."""
    return f"expiry:{source}"


def of_expiries(
    ended: Mapping[str, Ended], origins: Mapping[str, Origin], booked: Points, now: datetime
) -> Iterator[Entry]:
    """Yield what the end of lots took beyond what is booked, or gives back where less ended after all."""
    for source, origin in origins.items():
        own, lost = expiry_source(source), ended.get(source)
        before, target = booked.get(own, 0), -lost.points if lost else 0
        if target != before:
            moment = min(lost.moment if lost else origin.ends_at, now)
            inputs = ExpiryInputs(source, origin.number, _last_day(moment, origin.zone), target, before)
            yield _entry(own, "expiry", origin.version, moment, inputs)


def of_gone(source: str, version: int, today: date, before: int, now: datetime) -> Entry:
    """Return the entry that takes back what is booked for a source the member has no fact of any more."""
    kind, _, tail = source.partition(":")
    rule: Rule
    inputs: Inputs
    match kind:
        case "order":
            rule = "earn"
            inputs = EarnInputs(tail.partition(":")[2], "", 0, 0, 0, 0, before, "gone")
        case "expiry":
            rule, inputs = "expiry", ExpiryInputs(tail, "", today, 0, before)
        case "redemption":
            rule, inputs = "redemption", RedemptionInputs("", 0, 0, "", 0, before)
        case _:
            rule, inputs = "adjustment", AdjustmentInputs("", "", 0, before)
    return _entry(source, rule, version, now, inputs)


def _last_day(ends_at: datetime, zone: str) -> date:
    """Return the last local day on which a lot that ends at this moment could be spent."""
    return local(ends_at - timedelta(microseconds=1), zone)


def _entry(source: str, rule: Rule, version: int, moment: datetime, inputs: Inputs) -> Entry:
    return Entry(source, rule, version, inputs.target - inputs.booked, moment, inputs)
