"""The programme's road: draft, preview, publish."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from connector.flow import settling
from connector.loyalty.decide import decide
from connector.loyalty.facts import STAGES, Decision, Stage, WantedCoupon
from connector.loyalty.rhythm import UNMEASURED
from connector.loyalty.terms import MILLION, Terms, Version, suggested
from connector.loyalty.versions import counted
from connector.money import portion
from connector.records import MONEY
from connector.store import gaps, marks, members, merchants, programs, shops
from connector.store.database import Tx


class Move(msgspec.Struct, frozen=True):
    """How many customers of a shop a tier moves, at most, into each group; the shop may leave some where they are."""

    shop_id: int
    groups: tuple[tuple[str, int], ...]

    @property
    def customers(self) -> int:
        """How many they are together."""
        return sum(count for _, count in self.groups)


class Preview(msgspec.Struct, frozen=True):
    """What publishing would bring, from the shop's own history; nothing of it is written.

    `cost`: minor units of the merchant's currency if every point and every code were used. `coupons`: by the reward's name.
    """

    points: int
    pending: int
    members: int
    members_with_points: int
    per_tier: tuple[tuple[str, int], ...]
    per_stage: tuple[tuple[Stage, int], ...]
    marked_customers: int
    moves: tuple[Move, ...]
    coupons: tuple[tuple[str, int], ...]
    cost: int
    currency: str


def draft(tx: Tx, now: datetime) -> Terms:
    """Return the draft; where none is saved, the newest version's terms, else what we suggest."""
    saved = programs.draft(tx)
    if saved is not None:
        return saved
    published = programs.versions(tx)
    if published:
        return published[-1].terms
    return suggested(
        merchants.get(tx).currency, tuple(one for shop in shops.of_merchant(tx) for one in shop.books)
    )


def save_draft(tx: Tx, terms: Terms, now: datetime) -> None:
    """Keep the draft."""
    programs.save_draft(tx, terms, now)


def versions(tx: Tx) -> tuple[Version, ...]:
    """Return the published versions, first to last."""
    return programs.versions(tx)


def publish(tx: Tx, terms: Terms, counts_from: datetime, now: datetime) -> Version:
    """Put the terms in force from now on and have every member settled. A later version keeps the first `counts_from`."""
    published = programs.versions(tx)
    counts = published[0].counts_from if published else counts_from
    version = programs.publish(tx, measured(tx, terms), counts, now)
    settling.due_soon(tx, None, now)
    return version


def usual_gap(tx: Tx) -> int:
    """Return the days between orders that three in four stay within; too short a history says nothing of its own."""
    found = gaps.measure(tx)
    return found.three_in_four if found.enough else UNMEASURED


def measured(tx: Tx, terms: Terms) -> Terms:
    """Return the terms as they would be published: with the usual gap that is measured now, where none is typed."""
    return terms if terms.usual_gap else msgspec.structs.replace(terms, usual_gap=usual_gap(tx))


def preview(tx: Tx, terms: Terms, counts_from: datetime, now: datetime) -> Preview:
    """Try the terms on the whole history, without writing anything."""
    terms = measured(tx, terms)
    published = programs.versions(tx)
    counts = published[0].counts_from if published else counts_from
    tried = (*published, Version(number=len(published) + 1, starts_at=now, counts_from=counts, terms=terms))
    tally = _Tally(terms)
    after = 0
    while chunk := members.chunk(tx, after, settling.BATCH):
        after = chunk[-1]
        decided = [
            decide(known.history, tried, known.booked, now) for known in settling.recall(tx, chunk).values()
        ]
        tally.add(decided, _movers(tx, decided))
    return tally.preview()


def _movers(tx: Tx, decided: Sequence[Decision]) -> Iterator[tuple[int, str]]:
    """Yield shop and group of every customer whom a tier moves into a group in which they are not known to be."""
    into: dict[int, dict[str, str]] = {}
    for mark in (mark for decision in decided for mark in decision.marks if mark.tier):
        into.setdefault(mark.shop_id, {})[mark.customer_id] = mark.tier
    for shop_id, tiers in into.items():
        there = marks.standing(tx, shop_id, list(tiers))
        for customer_id, tier in tiers.items():
            stands = there.get(customer_id)
            if stands is None or tier not in stands.known:
                yield shop_id, tier


class _Tally:
    """Counts decisions."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._points = self._pending = self._members = self._with_points = self._marked = self._cost = 0
        self._tiers: Counter[str] = Counter()
        self._stages: Counter[Stage] = Counter()
        self._coupons: Counter[str] = Counter()
        self._moves: Counter[tuple[int, str]] = Counter()

    def add(self, decided: Iterable[Decision], moves: Iterable[tuple[int, str]]) -> None:
        self._moves.update(moves)
        for decision in decided:
            self._add(decision)

    def _add(self, decision: Decision) -> None:
        booked = sum(entry.points for entry in decision.entries)
        pending = sum(pending.points for pending in decision.standing.pending)
        self._members += 1
        self._points += booked
        self._pending += pending
        self._with_points += decision.standing.balance > 0 or pending > 0
        self._marked += sum(bool(mark.marks) for mark in decision.marks)
        if decision.standing.tier is not None:
            self._tiers[decision.standing.tier] += 1
        self._stages[decision.standing.stage] += 1
        for coupon in decision.coupons:
            self._coupons[coupon.title] += 1
            if coupon.kind in MONEY:
                self._cost += self._in_own_currency(coupon)

    def _in_own_currency(self, coupon: WantedCoupon) -> int:
        if coupon.currency == self._terms.currency:
            return coupon.value
        return portion(coupon.value, counted(self._terms, coupon.currency).rate, MILLION)

    def preview(self) -> Preview:
        return Preview(
            points=self._points,
            pending=self._pending,
            members=self._members,
            members_with_points=self._with_points,
            per_tier=tuple((tier.name, self._tiers[tier.name]) for tier in self._terms.tiers),
            per_stage=tuple((stage, self._stages[stage]) for stage in STAGES),
            marked_customers=self._marked,
            moves=tuple(
                Move(shop_id, self._into(shop_id))
                for shop_id in sorted({shop_id for shop_id, _ in self._moves})
            ),
            coupons=tuple(sorted(self._coupons.items())),
            cost=self._cost + worth(self._terms, max(0, self._points + self._pending)),
            currency=self._terms.currency,
        )

    def _into(self, shop_id: int) -> tuple[tuple[str, int], ...]:
        """Return how many go into each group of the shop, in the order of the tiers."""
        groups = [(tier.tag, self._moves[shop_id, tier.tag]) for tier in self._terms.tiers]
        return tuple(one for one in groups if one[1])


def worth(terms: Terms, points: int) -> int:
    """Return what so many points cost at most, by the reward that gives most for a point; minor units."""
    amounts = [offer for offer in terms.redeemables if offer.reward.kind in MONEY]
    return max((portion(points, offer.reward.value, offer.points) for offer in amounts), default=0)
