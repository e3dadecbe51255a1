"""The one function everything comes down to: what should be true of a member, less what already is."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import assert_never

from connector.loyalty import entries, notices, offers, orders, redemptions, rhythm, tiers, winning_back
from connector.loyalty.calendar import local
from connector.loyalty.earning import Earning
from connector.loyalty.facts import (
    Booked,
    Decision,
    Entry,
    History,
    PendingPoints,
    Shop,
    ShopCustomer,
    Stage,
    Standing,
    WantedMarks,
)
from connector.loyalty.picture import Picture, picture
from connector.loyalty.rhythm import Life
from connector.loyalty.terms import StageTags, Terms, Version
from connector.loyalty.tiers import Held
from connector.loyalty.versions import in_force


def decide(history: History, versions: tuple[Version, ...], booked: Booked, now: datetime) -> Decision:
    """Say what is missing in the books and in the shops for everything to be true of this member at `now`.

    `versions` in the order of their `starts_at`; `history.shops` names every shop of the member's orders, customers and
    acts. What is known has happened: an act that a faster clock dates after `now` counts as of `now`.
    """
    if not versions or now < versions[0].starts_at:
        return _asleep(versions, now)
    terms = in_force(versions, now).terms
    uses = redemptions.uses_by_code(history.uses)
    seen = picture(history, versions, uses, now)
    counting = orders.counting(seen.sales, terms.count_zero_orders)
    held = tiers.held(counting, terms, now)
    lapses = winning_back.given(seen.sales, versions, now)
    wanted = offers.offers(counting, lapses, history, now)
    standing = _standing(seen, held, rhythm.life(counting, terms, now), len(counting), now)
    lines = _entries(history, versions, seen, booked.points, now)
    return Decision(
        entries=tuple(sorted(lines, key=lambda entry: (entry.moment, entry.source))),
        coupons=offers.missing(wanted, booked, uses),
        revoke=offers.unwanted(wanted, _given_back(seen), booked, uses, now),
        marks=_marks(history.customers, seen.shops, terms, standing),
        standing=standing,
        ask_again_at=min(_due(seen, standing, held, versions, now), default=None),
        notices=notices.missing(seen.purse, booked.notices),
    )


def _asleep(versions: tuple[Version, ...], now: datetime) -> Decision:
    """Want nothing: no programme has started. What is booked stays as it is."""
    starts = [version.starts_at for version in versions if version.starts_at > now]
    return Decision((), (), (), (), Standing(0, (), (), None, None, 0), min(starts, default=None))


def _given_back(seen: Picture) -> dict[str, timedelta]:
    undone = (act for act, outcome in seen.redeemed if outcome.why == "order_undone")
    return {act.source: seen.shops[act.shop_id].codes_outlive for act in undone}


def _standing(seen: Picture, held: Held, life: Life, count: int, now: datetime) -> Standing:
    return Standing(
        balance=seen.purse.balance,
        lots=seen.purse.lots,
        pending=_pending(seen.earnings, now),
        tier=held.tier.name if held.tier else None,
        tier_until=held.until,
        orders=count,
        tier_term_until=held.term_until,
        stage=life.stage,
        lapsing_at=life.quiet.lapsing_at if life.quiet else None,
        lost_at=life.quiet.lost_at if life.quiet else None,
    )


def _pending(earnings: list[Earning], now: datetime) -> tuple[PendingPoints, ...]:
    waiting = [
        PendingPoints(one.sale.source, one.points, one.available_at)
        for one in earnings
        if one.points and now < one.available_at
    ]
    return tuple(sorted(waiting, key=lambda one: (one.available_at, one.source)))


def _marks(
    customers: tuple[ShopCustomer, ...], shops: dict[int, Shop], terms: Terms, standing: Standing
) -> tuple[WantedMarks, ...]:
    """Return what each customer should carry: a group holds the tier only, tags can say more."""
    tier = {one.tag for one in terms.tiers if one.name == standing.tier}
    returning = {terms.returning_tag} if terms.returning_tag and standing.orders >= 2 else set()
    stage = {_stage_tag(standing.stage, terms.stage_tags)} - {""}
    group, tags = next(iter(tier), ""), tuple(sorted(tier | returning | stage))
    wanted = {"group": (tuple(tier), group), "tags": (tags, ""), "both": (tags, group)}
    return tuple(
        WantedMarks(one.shop_id, one.customer_id, *wanted[shops[one.shop_id].mark_kind])
        for one in sorted(customers, key=lambda one: (one.shop_id, one.customer_id))
    )


def _stage_tag(stage: Stage, tags: StageTags) -> str:
    match stage:
        case "none":
            return ""
        case "new":
            return tags.new
        case "second_order":
            return tags.second_order
        case "regular":
            return tags.regular
        case "loyal":
            return tags.loyal
        case "lapsing":
            return tags.lapsing
        case "lost":
            return tags.lost
        case _:
            assert_never(stage)


def _entries(
    history: History, versions: tuple[Version, ...], seen: Picture, booked: entries.Points, now: datetime
) -> Iterator[Entry]:
    """Yield the entry of every source whose target is not what is booked for it."""
    yield from entries.of_orders(seen.earnings, booked, now)
    yield from entries.of_redemptions(seen.redeemed, booked, now)
    yield from entries.of_adjustments((act for act, _ in seen.adjusted), booked, now)
    for placed in history.orders:
        if placed.order.paid_at is None or placed.order.test:
            version = in_force(versions, placed.order.paid_at or placed.order.placed_at)
            yield from entries.of_idle(placed, version.number, booked, now)
    origins = seen.origins
    yield from entries.of_expiries(seen.purse.ended, origins, booked, now)
    known = {placed.source for placed in history.orders}.union(
        origins, (entries.expiry_source(source) for source in origins)
    )
    version = in_force(versions, now)
    for source, points in booked.items():
        if points and source not in known:
            yield entries.of_gone(source, version.number, local(now, seen.zone), points, now)


def _due(
    seen: Picture, standing: Standing, held: Held, versions: tuple[Version, ...], now: datetime
) -> Iterator[datetime]:
    """Yield the moments after now at which time alone changes something."""
    yield from (one.available_at for one in standing.pending)
    yield from (lot.expires_at for lot in standing.lots if lot.expires_at is not None)
    yield from (one.waits_until for _, one in seen.redeemed if one.waits_until is not None)
    yield from (version.starts_at for version in versions if version.starts_at > now)
    # A shop's clock may run ahead of ours: an order paid a little later than now counts for the tier only then.
    yield from (sale.paid_at for sale in seen.sales if sale.paid_at > now)
    coming = held.next_end, seen.purse.next_reminder, standing.lapsing_at, standing.lost_at
    yield from (moment for moment in coming if moment is not None and moment > now)
