"""The whole programme can be read aloud: plain sentences with the real figures, as the merchant's shops keep it.

`language` is "en" or "nl"; English is spoken where it is neither.
"""

from collections.abc import Iterator
from typing import assert_never

import msgspec

from connector.loyalty.phrases import Phrases
from connector.loyalty.terms import MILLION, CurrencyTerms, Reward, StageTags, Terms
from connector.records import GIFTS, Scope

GROUPS = frozenset({"group"})


class Means(msgspec.Struct, frozen=True):
    """By what means the merchant's shops keep the promise. `binds`: can they bind a code to one customer?

    `marks`: what their customers carry, as `Shop.mark_kind`. Nothing known of either: they can, and tags.
    """

    binds: frozenset[bool] = frozenset()
    marks: frozenset[str] = frozenset()


USUAL = Means()


def describe(terms: Terms, language: str, means: Means = USUAL) -> tuple[str, ...]:
    """Return the programme in plain sentences, as these shops keep it; every condition of the terms is in one of them."""
    return tuple(_described(terms, means, Phrases(language)))


def _described(terms: Terms, means: Means, phrases: Phrases) -> Iterator[str]:
    yield phrases.say("currency", currency=terms.currency)
    for one in terms.currencies:
        yield from _currency(one, terms, phrases)
    yield phrases.say(f"base_{terms.base}")
    yield from _lifetime(terms, phrases)
    yield phrases.say("zero_counts" if terms.count_zero_orders else "zero_does_not_count")
    yield from _tiers(terms, means, phrases)
    yield from _offers(terms, means, phrases)
    if not terms.returning_tag:
        yield phrases.say("no_returning")
    elif means.marks != GROUPS:
        yield phrases.say("returning", tag=terms.returning_tag)
    yield from _life(terms, means, phrases)
    yield from _unwritten(terms, means, phrases)
    yield from _win_back(terms, means, phrases)
    yield _notices(terms, phrases)


def _currency(one: CurrencyTerms, terms: Terms, phrases: Phrases) -> Iterator[str]:
    if one.earn_step > 0:
        step = phrases.money(one.earn_step, one.currency)
        yield phrases.say("earning", step=step, points=phrases.points(terms.earn_points))
    else:
        yield phrases.say("not_earning", currency=one.currency)
    if one.currency != terms.currency or one.rate != MILLION:
        unit, worth = phrases.rate(one.rate, one.currency, terms.currency)
        yield phrases.say("rate", one=unit, worth=worth)


def _lifetime(terms: Terms, phrases: Phrases) -> Iterator[str]:
    days = phrases.days(terms.hold_days)
    yield phrases.say("hold", days=days) if terms.hold_days else phrases.say("no_hold")
    months = phrases.months(terms.expiry_months)
    yield phrases.say("expiry", months=months) if terms.expiry_months else phrases.say("no_expiry")
    yield phrases.say("returned", days=phrases.days(terms.returned_days))


def _tiers(terms: Terms, means: Means, phrases: Phrases) -> Iterator[str]:
    kinds = means.marks or {"tags"}
    key = f"tier_{next(iter(kinds))}" if len(kinds) == 1 else "tier_mixed"
    for tier in terms.tiers:
        yield phrases.say(
            "tier",
            name=tier.name,
            threshold=phrases.money(tier.threshold, terms.currency),
            window=phrases.months(terms.tier_window_months),
            term=phrases.months(terms.tier_term_months),
            grace=phrases.days(terms.tier_grace_days),
            mark=phrases.say(key, tag=tier.tag),
        )
    if not terms.tiers:
        yield phrases.say("no_tiers")


def _offers(terms: Terms, means: Means, phrases: Phrases) -> Iterator[str]:
    for rule in terms.nth_orders:
        reward = _reward(rule.reward, terms, means, phrases)
        yield phrases.say("nth", after=rule.after, name=rule.name, reward=reward)
    if not terms.nth_orders:
        yield phrases.say("no_nth")
    for offer in terms.redeemables:
        reward = _reward(offer.reward, terms, means, phrases)
        yield phrases.say("redeemable", points=phrases.points(offer.points), name=offer.name, reward=reward)
    if not terms.redeemables:
        yield phrases.say("no_redeemables")


def _life(terms: Terms, means: Means, phrases: Phrases) -> Iterator[str]:
    usual = phrases.days(terms.usual_gap) if terms.usual_gap else phrases.say("usual_unmeasured")
    yield phrases.say("lapse", least=phrases.days(terms.lapse_min_days), usual=usual)
    yield phrases.say("loyal", orders=terms.loyal_from)
    tags = _stage_tags(terms)
    for stage, tag in tags.items():
        if means.marks != GROUPS:
            yield phrases.say("stage_tag", stage=phrases.say(f"stage_{stage}"), tag=tag)
    if not tags:
        yield phrases.say("no_stage_tags")


def _stage_tags(terms: Terms) -> dict[str, str]:
    """Return the tag of each stage that has one."""
    tags = {stage: str(getattr(terms.stage_tags, stage)) for stage in StageTags.__struct_fields__}
    return {stage: tag for stage, tag in tags.items() if tag}


def _unwritten(terms: Terms, means: Means, phrases: Phrases) -> Iterator[str]:
    """Say which words are written on nobody, where a customer's group is all there is to write on."""
    words = [*filter(None, [terms.returning_tag]), *_stage_tags(terms).values()]
    if words and "group" in means.marks:
        key = "tags_nowhere" if means.marks == GROUPS else "tags_somewhere"
        yield phrases.say(key, tags=phrases.also(words))


def _win_back(terms: Terms, means: Means, phrases: Phrases) -> Iterator[str]:
    if terms.win_back is None:
        yield phrases.say("no_win_back")
    else:
        reward = _reward(terms.win_back.reward, terms, means, phrases)
        yield phrases.say("win_back", name=terms.win_back.name, reward=reward)


def _notices(terms: Terms, phrases: Phrases) -> str:
    if not terms.notice_days:
        return phrases.say("no_notices")
    ahead = sorted(set(terms.notice_days), reverse=True)
    return phrases.say("notices", days=phrases.also([phrases.days(days) for days in ahead]))


def _some(scope: Scope, phrases: Phrases) -> str:
    """Name what a scope covers by its ids, as the shop's admin shows them in its addresses."""
    if scope.collections:
        return phrases.say("of_collections", ids=", ".join(scope.collections))
    return phrases.say("of_products", ids=", ".join(scope.products))


def _reward(reward: Reward, terms: Terms, means: Means, phrases: Phrases) -> str:
    match reward.kind:
        case "amount" | "gift_card" | "store_credit":
            value = phrases.money(reward.value, terms.currency)
        case "percentage":
            value = phrases.percentage(reward.value)
        case "free_shipping":
            value = ""
        case "buy_x_get_y":
            value = phrases.percentage(reward.value)
        case _:
            assert_never(reward.kind)
    if reward.kind in GIFTS:
        said = phrases.say(f"reward_{reward.kind}", value=value)
        return said + phrases.say("gift_validity", days=phrases.days(reward.valid_days))
    got = {"units": reward.gets, "some": _some(reward.scope, phrases), "bought": _some(reward.buys, phrases)}
    said = phrases.say(f"reward_{reward.kind}", value=value, **got)
    if reward.kind != "buy_x_get_y" and not reward.scope.everything:
        said += phrases.say("reward_scope", some=_some(reward.scope, phrases))
    if reward.minimum:
        said += phrases.say("reward_minimum", minimum=phrases.money(reward.minimum, terms.currency))
    if reward.minimum_quantity:
        said += phrases.count("reward_quantity", reward.minimum_quantity)
    if reward.combines != "nothing":
        said += phrases.say(f"reward_beside_{reward.combines}")
    return said + phrases.say(_whose(means), days=phrases.days(reward.valid_days))


def _whose(means: Means) -> str:
    """Return the text that says who can use a code."""
    if False not in means.binds:
        return "reward_validity"
    return "reward_validity_mixed" if True in means.binds else "reward_validity_holder"
