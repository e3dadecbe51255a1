"""What follows from the facts alone, before anybody looks at the books: sales, earnings, outcomes, the purse."""

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never

import msgspec

from connector.loyalty import lots, notices, orders, redemptions
from connector.loyalty.calendar import end_after_months, later, local
from connector.loyalty.earning import Earning, earning
from connector.loyalty.facts import Adjustment, Closed, History, Redemption, Shop
from connector.loyalty.orders import Sale
from connector.loyalty.redemptions import Outcome, Uses
from connector.loyalty.terms import Version
from connector.loyalty.versions import numbered


class Origin(msgspec.Struct, frozen=True):
    """Where a lot came from: what its expiry needs to explain itself. `number`: the order's, else empty."""

    number: str
    version: int
    zone: str
    ends_at: datetime


class Picture(msgspec.Struct, frozen=True):
    """One member's facts, read."""

    shops: dict[int, Shop]
    sales: list[Sale]
    earnings: list[Earning]
    redeemed: list[tuple[Redemption, Outcome]]
    adjusted: list[tuple[Adjustment, lots.Credit | lots.Debit]]
    closed: list[Closed]
    purse: lots.Purse

    @property
    def origins(self) -> dict[str, Origin]:
        """Return by source where lots can come from."""
        found = {
            one.sale.source: Origin(
                one.sale.order.number,
                one.sale.version.number,
                one.sale.shop.timezone,
                one.ends_at or lots.NEVER,
            )
            for one in self.earnings
        }
        for act, _ in self.redeemed:
            found[act.source] = Origin("", act.version, self.shops[act.shop_id].timezone, lots.NEVER)
        for adjustment, turn in self.adjusted:
            ends_at = turn.ends_at if isinstance(turn, lots.Credit) else None
            found[adjustment.source] = Origin("", adjustment.version, self.zone, ends_at or lots.NEVER)
        for one in self.closed:
            zone = self.shops[one.shop_id].timezone
            found[one.source] = Origin("", one.version, zone, one.ends_at or lots.NEVER)
        return found

    @property
    def zone(self) -> str:
        """The time zone of what belongs to no shop: the first shop's."""
        return first_zone(tuple(self.shops.values()))


def first_zone(shops: tuple[Shop, ...]) -> str:
    return shops[0].timezone if shops else "UTC"


def picture(history: History, versions: tuple[Version, ...], uses: Uses, now: datetime) -> Picture:
    """Read the facts of one member as they stand; acts count from their moment, at the latest from now."""
    shops = {shop.id: shop for shop in history.shops}
    sales = orders.sales(history, shops, versions)
    earnings = [earning(sale) for sale in sales]
    redeemed, adjusted, closed = [], [], list[Closed]()
    for act in history.acts:
        match act:
            case Redemption():
                outlives = shops[act.shop_id].codes_outlive
                redeemed.append((act, redemptions.outcome(act, uses, now, outlives)))
            case Adjustment():
                adjusted.append((act, _adjusted(act, first_zone(history.shops), versions, now)))
            case Closed():
                closed.append(act)
            case _:
                assert_never(act)
    turns: list[lots.Turn] = [_credit(one) for one in earnings if one.points]
    turns.extend(turn for _, turn in adjusted)
    turns.extend(turn for one in closed for turn in _closed(one))
    for redemption, outcome in redeemed:
        turns.extend(_redeemed(redemption, outcome, shops[redemption.shop_id].timezone, versions, now))
    zones = _zones(history, shops, sales)
    purse = lots.replay(turns, now, notices.reminders(zones, versions))
    return Picture(shops, sales, earnings, redeemed, adjusted, closed, purse)


def _zones(history: History, shops: dict[int, Shop], sales: list[Sale]) -> dict[str, str]:
    """Return by source whose clock tells when its lots end."""
    found = {sale.source: sale.shop.timezone for sale in sales}
    for act in history.acts:
        match act:
            case Redemption(shop_id=shop_id) | Closed(shop_id=shop_id):
                found[act.source] = shops[shop_id].timezone
            case Adjustment():
                found[act.source] = first_zone(history.shops)
            case _:
                assert_never(act)
    return found


def _credit(one: Earning) -> lots.Credit:
    return lots.Credit(one.available_at, one.sale.source, one.points, one.ends_at)


def _closed(one: Closed) -> Iterator[lots.Turn]:
    if one.points > 0:
        yield lots.Credit(one.at, one.source, one.points, one.ends_at)
    elif one.points < 0:
        yield lots.Debit(one.at, one.source, -one.points)
        if one.returned_at is not None and one.returned_until is not None:
            at_once = one.returned_at == one.at
            yield lots.Return(one.returned_at, one.source, one.returned, one.returned_until, at_once)


def _adjusted(
    act: Adjustment, zone: str, versions: tuple[Version, ...], now: datetime
) -> lots.Credit | lots.Debit:
    moment = min(act.at, now)
    if act.points < 0:
        return lots.Debit(moment, act.source, -act.points)
    months = numbered(versions, act.version, act.at).terms.expiry_months
    ends_at = end_after_months(local(act.at, zone), months, zone) if months else None
    return lots.Credit(moment, act.source, act.points, ends_at)


def _redeemed(
    act: Redemption, outcome: Outcome, zone: str, versions: tuple[Version, ...], now: datetime
) -> Iterator[lots.Turn]:
    moment = min(act.at, now)
    yield lots.Debit(moment, act.source, act.points)
    if outcome.returned:
        ends_at = returned_until(act, outcome, zone, versions)
        at_once = outcome.moment == moment
        yield lots.Return(outcome.moment, act.source, outcome.returned, ends_at, at_once)


def returned_until(act: Redemption, outcome: Outcome, zone: str, versions: tuple[Version, ...]) -> datetime:
    """Return until when the points that came back of an exchange live at least."""
    days = numbered(versions, act.version, act.at).terms.returned_days
    return later(local(outcome.moment, zone), days + 1, zone)
