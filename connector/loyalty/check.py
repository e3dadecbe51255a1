"""What is wrong with terms before they are published, field by field; and what is allowed but seldom meant."""

import re
from collections.abc import Iterable, Iterator
from typing import assert_never

import msgspec

from connector.loyalty.terms import MILLION, Redeemable, Reward, StageTags, Terms
from connector.loyalty.versions import counted, exchanged
from connector.money import Money
from connector.port import Gift
from connector.records import MONEY, Scope

LONGEST_TAG = (
    32  # the shortest limit among the platforms' groups; a longer name would be cut and then not found again
)
LONGEST_NAME = 80
MOST = 10**9  # points and amounts: far beyond any shop, far below what a 64-bit column holds
GENEROUS = 20  # per cent of spend given back
LONGEST_QUIET = 1000  # days
MOST_UNITS = 1000
LARGEST_SCOPE = 20  # products or collections
MOST_NOTICES = 5  # about the same points

_CURRENCY = re.compile("[A-Z]{3}")


class Percentage(msgspec.Struct, frozen=True):
    """A share of a whole, in hundredths of a per cent."""

    hundredths: int


class Rate(msgspec.Struct, frozen=True):
    """What a currency is worth in another: millionths of a minor unit of `into` for one minor unit of `currency`."""

    millionths: int
    currency: str
    into: str


Figure = int | str | Money | Percentage | Rate


class Problem(msgspec.Struct, frozen=True):
    """Something wrong at `field` ("tiers.1.threshold"); `sentences.problem` says it. A warning may be published."""

    field: str
    code: str
    values: tuple[Figure, ...] = ()
    warning: bool = False


def problems(terms: Terms) -> tuple[Problem, ...]:
    """Return everything wrong with the terms, in the order of their fields; nothing when they can be published."""
    return tuple(_found(terms))


def beyond(terms: Terms, gives: frozenset[Gift], shops: int) -> tuple[Problem, ...]:
    """Return what the merchant's shops cannot do. `gives`: what every one of them can; `shops`: how many they are.

    Products and collections are named by the ids of one shop, which mean something else in the next.
    """
    return tuple(problem for at, reward in rewards(terms) for problem in _beyond(at, reward, gives, shops))


def rewards(terms: Terms) -> Iterator[tuple[str, Reward]]:
    """Yield every reward of the terms with the field where it stands."""
    for n, rule in enumerate(terms.nth_orders):
        yield f"nth_orders.{n}.reward", rule.reward
    for n, offer in enumerate(terms.redeemables):
        yield f"redeemables.{n}.reward", offer.reward
    if terms.win_back is not None:
        yield "win_back.reward", terms.win_back.reward


def _beyond(at: str, reward: Reward, gives: frozenset[Gift], shops: int) -> Iterator[Problem]:
    if reward.kind not in gives:
        yield Problem(f"{at}.kind", "not_given")
    if reward.minimum_quantity and "minimum_quantity" not in gives:
        yield Problem(f"{at}.minimum_quantity", "not_given")
    if reward.combines != "nothing" and "combining" not in gives:
        yield Problem(f"{at}.combines", "not_given")
    for field, scope in (("scope", reward.scope), ("buys", reward.buys)):
        if not scope.everything and "scope" not in gives:
            yield Problem(f"{at}.{field}", "not_given")
        elif not scope.everything and shops > 1:
            yield Problem(f"{at}.{field}", "one_shop_only")


def _found(terms: Terms) -> Iterator[Problem]:
    yield from _currencies(terms)
    yield from _range("earn_points", terms.earn_points, 1, MOST)
    yield from _range("hold_days", terms.hold_days, 0, 365)
    yield from _range("expiry_months", terms.expiry_months, 0, 120)
    yield from _range("returned_days", terms.returned_days, 0, 365)
    yield from _range("tier_window_months", terms.tier_window_months, 1, 120)
    yield from _range("tier_term_months", terms.tier_term_months, 1, 120)
    yield from _range("tier_grace_days", terms.tier_grace_days, 0, 365)
    yield from _tiers(terms)
    yield from _nth_orders(terms)
    yield from _redeemables(terms)
    if terms.returning_tag:
        yield from _tag("returning_tag", terms.returning_tag)
    yield from _life(terms)
    yield from _win_back(terms)
    yield from _notices(terms)


def _currencies(terms: Terms) -> Iterator[Problem]:
    if not _CURRENCY.fullmatch(terms.currency):
        yield Problem("currency", "no_currency")
    if all(one.currency != terms.currency for one in terms.currencies):
        yield Problem("currencies", "not_listed", (terms.currency,))
    yield from _unique("currencies", "currency", [one.currency for one in terms.currencies])
    for n, one in enumerate(terms.currencies):
        at = f"currencies.{n}"
        if not _CURRENCY.fullmatch(one.currency):
            yield Problem(f"{at}.currency", "no_currency")
        yield from _sum(f"{at}.earn_step", one.earn_step, 1, one.currency)
        if not 1 <= one.rate <= MOST * MILLION:
            limits = (Rate(rate, one.currency, terms.currency) for rate in (1, MOST * MILLION))
            yield Problem(f"{at}.rate", "out_of_range", tuple(limits))
        if one.currency == terms.currency and one.rate != MILLION:
            yield Problem(f"{at}.rate", "own_rate")
        if one.currency != terms.currency and one.rate == MILLION:
            yield Problem(f"{at}.rate", "equal_rate", (one.currency, terms.currency), warning=True)


def _tiers(terms: Terms) -> Iterator[Problem]:
    floor = 0
    for n, tier in enumerate(terms.tiers):
        at = f"tiers.{n}"
        yield from _name(f"{at}.name", tier.name)
        yield from _sum(f"{at}.threshold", tier.threshold, 1, terms.currency)
        if n and tier.threshold <= floor:
            yield Problem(f"{at}.threshold", "not_ascending", (Money(floor, terms.currency),))
        floor = tier.threshold
        yield from _tag(f"{at}.tag", tier.tag)
    yield from _unique("tiers", "name", [tier.name for tier in terms.tiers])
    tags = [tier.tag for tier in terms.tiers]
    yield from _unique("tiers", "tag", tags)
    if terms.returning_tag.casefold() in {tag.casefold() for tag in tags if tag}:
        yield Problem("returning_tag", "not_unique", (terms.returning_tag,))


def _life(terms: Terms) -> Iterator[Problem]:
    yield from _range("lapse_min_days", terms.lapse_min_days, 1, LONGEST_QUIET)
    yield from _range("usual_gap", terms.usual_gap, 0, LONGEST_QUIET)
    yield from _range("loyal_from", terms.loyal_from, 3, 1000)
    seen = {tag.casefold() for tag in (terms.returning_tag, *(tier.tag for tier in terms.tiers))}
    for stage in StageTags.__struct_fields__:
        field, tag = f"stage_tags.{stage}", getattr(terms.stage_tags, stage)
        if tag:
            yield from _tag(field, tag)
            if tag.casefold() in seen:
                yield Problem(field, "not_unique", (tag,))
            seen.add(tag.casefold())


def _win_back(terms: Terms) -> Iterator[Problem]:
    if terms.win_back is not None:
        yield from _name("win_back.key", terms.win_back.key)
        yield from _name("win_back.name", terms.win_back.name)
        yield from _reward("win_back.reward", terms.win_back.reward, terms)


def _notices(terms: Terms) -> Iterator[Problem]:
    if not all(1 <= days <= 90 for days in terms.notice_days):
        yield Problem("notice_days", "out_of_range", (1, 90))
    if len(terms.notice_days) > MOST_NOTICES:
        yield Problem("notice_days", "too_many", (MOST_NOTICES,))
    if len(set(terms.notice_days)) < len(terms.notice_days):
        yield Problem("notice_days", "twice")


def _nth_orders(terms: Terms) -> Iterator[Problem]:
    yield from _unique("nth_orders", "key", [rule.key for rule in terms.nth_orders])
    for n, rule in enumerate(terms.nth_orders):
        at = f"nth_orders.{n}"
        yield from _name(f"{at}.key", rule.key)
        yield from _name(f"{at}.name", rule.name)
        yield from _range(f"{at}.after", rule.after, 1, 1000)
        yield from _reward(f"{at}.reward", rule.reward, terms)


def _redeemables(terms: Terms) -> Iterator[Problem]:
    yield from _unique("redeemables", "key", [offer.key for offer in terms.redeemables])
    for n, offer in enumerate(terms.redeemables):
        at = f"redeemables.{n}"
        yield from _name(f"{at}.key", offer.key)
        yield from _name(f"{at}.name", offer.name)
        yield from _range(f"{at}.points", offer.points, 1, MOST)
        yield from _reward(f"{at}.reward", offer.reward, terms)
        yield from _worth(f"{at}.points", offer, terms)


def _reward(at: str, reward: Reward, terms: Terms) -> Iterator[Problem]:
    match reward.kind:
        case "amount":
            yield from _money(at, reward, terms)
        case "percentage":
            if not 1 <= reward.value <= 100_00:
                yield Problem(f"{at}.value", "out_of_range", (Percentage(1), Percentage(100_00)))
        case "free_shipping":
            yield from _range(f"{at}.value", reward.value, 0, 0)
            if not reward.scope.everything:
                yield Problem(f"{at}.scope", "shipping_of_some")
        case "buy_x_get_y":
            yield from _bought_and_got(at, reward)
        case "gift_card" | "store_credit":
            yield from _money(at, reward, terms)
            yield from _unconditional(at, reward)
        case _:
            assert_never(reward.kind)
    yield from _sum(f"{at}.minimum", reward.minimum, 0, terms.currency)
    yield from _range(f"{at}.minimum_quantity", reward.minimum_quantity, 0, MOST_UNITS)
    if reward.minimum and reward.minimum_quantity:
        yield Problem(f"{at}.minimum_quantity", "one_minimum")
    yield from _scope(f"{at}.scope", reward.scope)
    yield from _scope(f"{at}.buys", reward.buys)
    yield from _range(f"{at}.valid_days", reward.valid_days, 1, 3650)


def _money(at: str, reward: Reward, terms: Terms) -> Iterator[Problem]:
    yield from _sum(f"{at}.value", reward.value, 1, terms.currency)
    for one in terms.currencies:
        if reward.value > 0 and one.rate > 0 and not exchanged(reward.value, terms, one.currency):
            yield Problem(f"{at}.value", "worth_nothing", (one.currency,))


def _unconditional(at: str, reward: Reward) -> Iterator[Problem]:
    """Money is spent on whatever its owner likes: shops know no conditions for it."""
    plain = Reward(reward.kind)
    for field in ("minimum", "minimum_quantity", "scope", "buys", "gets", "combines"):
        if getattr(reward, field) != getattr(plain, field):
            yield Problem(f"{at}.{field}", "no_conditions")


def _bought_and_got(at: str, reward: Reward) -> Iterator[Problem]:
    if not 1 <= reward.value <= 100_00:
        yield Problem(f"{at}.value", "out_of_range", (Percentage(1), Percentage(100_00)))
    if reward.scope.everything:
        yield Problem(f"{at}.scope", "some_needed")
    if reward.buys.everything:
        yield Problem(f"{at}.buys", "some_needed")
    if not reward.minimum and not reward.minimum_quantity:
        yield Problem(f"{at}.minimum_quantity", "a_minimum_needed")
    yield from _range(f"{at}.gets", reward.gets, 1, MOST_UNITS)


def _scope(at: str, scope: Scope) -> Iterator[Problem]:
    if len(scope.products) + len(scope.collections) > LARGEST_SCOPE:
        yield Problem(at, "too_many", (LARGEST_SCOPE,))


def _worth(at: str, offer: Redeemable, terms: Terms) -> Iterator[Problem]:
    """Warn where the points of a reward cost little spend: its share of what earned them, rounded down to per cents."""
    step = counted(terms, terms.currency).earn_step
    if offer.reward.kind not in MONEY or offer.points < 1 or step < 1 or terms.earn_points < 1:
        return
    share = 100 * offer.reward.value * terms.earn_points // (offer.points * step)
    if share >= GENEROUS:
        yield Problem(at, "generous", (share,), warning=True)


def _range(field: str, value: int, low: int, high: int) -> Iterator[Problem]:
    if not low <= value <= high:
        yield Problem(field, "out_of_range", (low, high))


def _sum(field: str, minor: int, low: int, currency: str) -> Iterator[Problem]:
    if not low <= minor <= MOST:
        yield Problem(field, "out_of_range", (Money(low, currency), Money(MOST, currency)))


def _name(field: str, name: str) -> Iterator[Problem]:
    if not name.strip():
        yield Problem(field, "empty")
    elif len(name) > LONGEST_NAME:
        yield Problem(field, "too_long", (LONGEST_NAME,))


def _tag(field: str, tag: str) -> Iterator[Problem]:
    """A tag is written in the shop: lists of tags are parted by commas there, and spaces around one are dropped."""
    if not tag.strip():
        yield Problem(field, "empty")
        return
    if len(tag) > LONGEST_TAG:
        yield Problem(field, "too_long", (LONGEST_TAG,))
    if "," in tag:
        yield Problem(field, "comma")
    if tag != tag.strip():
        yield Problem(field, "spaces")


def _unique(at: str, field: str, values: Iterable[str]) -> Iterator[Problem]:
    """Shops compare without case, so "Gold" and "gold" are one."""
    seen = set()
    for n, value in enumerate(values):
        if value and value.casefold() in seen:
            yield Problem(f"{at}.{n}.{field}", "not_unique", (value,))
        seen.add(value.casefold())
