"""Settling: bring members in line with what is known of them. Every road ends here."""

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime, timedelta

import msgspec

from connector.loyalty.decide import decide
from connector.loyalty.facts import Booked, Decision, History, Shop, ShopCustomer, ShopOrder
from connector.records import GIFTS, Card
from connector.store import (
    cards,
    coupons,
    ledger,
    marks,
    members,
    merchants,
    notices,
    outbox,
    people,
    programs,
    purchases,
    queue,
    runs,
    shops,
)
from connector.store.database import Tx

BATCH = 500  # members settled in one transaction
_NOBODY: Mapping[int, str] = {}


class Known(msgspec.Struct, frozen=True):
    """All that is known of one member."""

    history: History
    booked: Booked


def settle(
    tx: Tx,
    member_ids: Iterable[int],
    now: datetime,
    asked: Mapping[int, str] = _NOBODY,
    *,
    half_known: bool = False,
) -> dict[int, Decision]:
    """Settle these members: lock, decide, write what is missing; return what was decided, by survivor.

    Of customers of a shop that is being read for the first time nothing is written: half a history is none, and whose
    newest orders are still to come would be given a code to come back. They are due, and of what is decided of them only
    where they stand is returned. `half_known`: they are settled all the same.
    `asked` names the request behind a member's settling, where it is not the transaction's.
    """
    locked = members.lock(tx, member_ids)
    if not locked:
        return {}
    versions, stores = programs.versions(tx), shops.ever_of_merchant(tx)
    decisions = {
        member_id: decide(known.history, versions, known.booked, now)
        for member_id, known in _recall(tx, locked, stores).items()
    }
    # Asked of whom they live on as: who has just been joined has no customers of their own any more.
    waiting = set() if half_known else members.waiting(tx, locked, runs.unread(tx))
    if waiting:
        members.make_due(tx, now, sorted(waiting))
    _write(tx, {one: of for one, of in decisions.items() if one not in waiting}, stores, now, asked)
    return decisions | {one: _only_standing(decisions[one]) for one in waiting}


def settle_due(tx: Tx, now: datetime, limit: int = BATCH) -> int:
    """Settle members whose moment has come and whose shops are read to the end; return how many there were."""
    unread = runs.unread(tx)
    if unread and len(unread) == len(shops.of_merchant(tx)):
        return 0  # a look at every one of them, four times a minute, would find nobody
    due = members.due(tx, now, limit, unread)
    settle(tx, due, now)
    return len(due)


def waits(tx: Tx, member_id: int) -> bool:
    """Whether nothing is booked for this member before a shop of theirs is read to its end."""
    return bool(members.waiting(tx, [member_id], runs.unread(tx)))


def put_off(tx: Tx, now: datetime, by: timedelta) -> int | None:
    """Let the first member who is due wait; return who it is."""
    due = members.due(tx, now, 1, runs.unread(tx))
    members.put_off(tx, now + by, due)
    return due[0] if due else None


def due_soon(tx: Tx, member_ids: Sequence[int] | None, now: datetime) -> None:
    """Have these members (or all) settled by the workers."""
    members.make_due(tx, now, member_ids)
    queue.settle(tx.connection, tx.merchant_id)


def recall(tx: Tx, member_ids: Sequence[int]) -> dict[int, Known]:
    """Return all that is known of each member."""
    return _recall(tx, member_ids, shops.ever_of_merchant(tx))


def _recall(tx: Tx, member_ids: Sequence[int], stores: Sequence[shops.Shop]) -> dict[int, Known]:
    places = tuple(map(_place, stores))
    owners = people.owners(tx, member_ids)
    orders = _orders(tx, owners)
    acts = ledger.acts_of(tx, member_ids)
    sums = ledger.booked(tx, member_ids)
    decided = coupons.booked(tx, member_ids)
    written = notices.written(tx, member_ids)
    codes = [one.code for of_member in decided.values() for one in of_member if one.kind not in GIFTS]
    uses = _uses(tx, codes)
    customers: dict[int, list[ShopCustomer]] = {member_id: [] for member_id in member_ids}
    for owner in owners:
        # Nobody can carry a tag or hold a code who is no longer in the shop; the orders still count.
        if not owner.removed:
            customers[owner.member_id].append(
                ShopCustomer(owner.shop_id, owner.customer_id, owner.created_at, owner.currency)
            )
    return {
        member_id: Known(
            History(
                shops=places,
                customers=tuple(customers[member_id]),
                orders=tuple(orders.get(member_id, ())),
                acts=tuple(acts[member_id]),
                uses=tuple(use for coupon in decided[member_id] for use in uses.get(coupon.code, ())),
            ),
            Booked(sums[member_id], tuple(decided[member_id]), written[member_id]),
        )
        for member_id in member_ids
    }


def _place(shop: shops.Shop) -> Shop:
    return Shop(shop.id, shop.currency, shop.timezone, shop.mark_kind, shop.codes_outlive)


def _orders(tx: Tx, owners: Sequence[people.Owner]) -> dict[int, list[ShopOrder]]:
    """Return each member's orders: those of their customers, and the guest orders they may claim."""
    by_customer = {(owner.shop_id, owner.customer_id): owner.member_id for owner in owners}
    by_claim = {(owner.shop_id, owner.claims): owner.member_id for owner in owners if owner.claims}
    found: dict[int, list[ShopOrder]] = {}
    if by_customer:
        for order in purchases.of_customers(tx, list(by_customer)):
            key = (order.shop_id, order.order.customer_id or "")
            found.setdefault(by_customer[key], []).append(order)
    if by_claim:
        for guest_hash, order in purchases.of_guests(tx, list(by_claim)):
            found.setdefault(by_claim[order.shop_id, guest_hash], []).append(order)
    return found


def _uses(tx: Tx, codes: Sequence[str]) -> dict[str, list[ShopOrder]]:
    uses: dict[str, list[ShopOrder]] = {}
    if codes:
        for order in purchases.with_codes(tx, codes):
            for code in order.order.coupon_codes:
                uses.setdefault(code, []).append(order)
    return uses


def _only_standing(decision: Decision) -> Decision:
    return msgspec.structs.replace(decision, entries=(), coupons=(), revoke=(), marks=(), notices=())


def _write(
    tx: Tx,
    decisions: dict[int, Decision],
    stores: Sequence[shops.Shop],
    now: datetime,
    asked: Mapping[int, str],
) -> None:
    """Write what is missing; `decisions` belong to locked members."""
    ledger.book(
        tx,
        [(member_id, entry) for member_id, decision in decisions.items() for entry in decision.entries],
        now,
        asked,
    )
    notices.write(
        tx,
        [(member_id, notice) for member_id, decision in decisions.items() for notice in decision.notices],
        now,
    )
    made = [(member_id, coupon) for member_id, decision in decisions.items() for coupon in decision.coupons]
    ended = [coupon for decision in decisions.values() for coupon in decision.revoke]
    marked = [mark for decision in decisions.values() for mark in decision.marks]
    changed: dict[outbox.PushKind, list[outbox.About]] = {
        "coupon": coupons.want(tx, merchants.code_secret(tx), made) if made else [],
        "revoke": coupons.revoke(tx, [(one.shop_id, one.source, one.reward_key) for one in ended]),
        "marks": marks.want(tx, marked),
        "card": cards.want(tx, _cards(decisions, {shop.id for shop in stores if shop.shows_cards})),
    }
    outbox.want_all(tx, changed, now, _whose(tx, decisions, asked))
    ledger.settled(
        tx,
        {member_id: (decision.standing, decision.ask_again_at) for member_id, decision in decisions.items()},
        now,
    )


def _cards(decisions: Mapping[int, Decision], showing: Set[int]) -> list[tuple[int, Card]]:
    """Return what the shops' own pages should show: of whoever has marks, for that is everybody whom a programme counts."""
    return [
        (mark.shop_id, Card(mark.customer_id, decision.standing.balance, decision.standing.tier))
        for decision in decisions.values()
        for mark in decision.marks
        if mark.shop_id in showing
    ]


def _whose(tx: Tx, decisions: dict[int, Decision], asked: Mapping[int, str]) -> dict[outbox.About, str]:
    """Return the request behind everything that is to change in a shop."""
    whose: dict[outbox.About, str] = {}
    for member_id, decision in decisions.items():
        number = asked.get(member_id, tx.request)
        for new in decision.coupons:
            whose[new.shop_id, coupons.subject(new.source, new.reward_key)] = number
        for old in decision.revoke:
            whose[old.shop_id, coupons.subject(old.source, old.reward_key)] = number
        for mark in decision.marks:
            whose[mark.shop_id, mark.customer_id] = number
    return whose
