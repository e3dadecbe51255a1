"""Every entry explains itself, and the whole programme can be read aloud: plain sentences with the real figures.

`language` is "en" or "nl"; English is spoken where it is neither.
"""

from collections.abc import Iterator
from typing import assert_never

from connector.loyalty.check import Figure, Percentage, Problem, Rate
from connector.loyalty.facts import (
    AdjustmentInputs,
    EarnInputs,
    Entry,
    ExpiryInputs,
    Inputs,
    RedemptionInputs,
)
from connector.loyalty.phrases import Phrases
from connector.loyalty.redeem import CannotRedeem
from connector.loyalty.terms import MILLION, CurrencyTerms, Reward, StageTags, Terms
from connector.money import Money
from connector.records import GIFTS, Scope


def explain(told: Entry | Inputs, language: str) -> str:
    """Return the one sentence that says why the entry is what it is."""
    inputs = told.inputs if isinstance(told, Entry) else told
    phrases = Phrases(language)
    match inputs:
        case EarnInputs():
            return _earn(inputs, phrases) + "."
        case ExpiryInputs():
            return _expiry(inputs, phrases) + "."
        case RedemptionInputs():
            return _redemption(inputs, phrases) + "."
        case AdjustmentInputs():
            return _adjustment(inputs, phrases) + "."
        case _:
            assert_never(inputs)


def tell_shopper(inputs: Inputs, language: str) -> str:
    """Return the same for the customer's own eyes: what the shop's people noted among themselves is left out."""
    if not isinstance(inputs, AdjustmentInputs):
        return explain(inputs, language)
    return _adjustment(inputs, Phrases(language), ("given_to_you", "taken_from_you")) + "."


def describe(terms: Terms, language: str) -> tuple[str, ...]:
    """Return the programme in plain sentences; every condition of the terms is in one of them."""
    return tuple(_described(terms, Phrases(language)))


def problem(found: Problem, language: str) -> str:
    """Return what is wrong, as one sentence beside the field; its figures in the units that people type."""
    phrases = Phrases(language)
    return phrases.say(f"problem_{found.code}", *(_figure(value, phrases) for value in found.values))


def refusal(error: CannotRedeem, language: str) -> str:
    """Return why points cannot be exchanged, as one sentence for the shopper."""
    return Phrases(language).say(f"refusal_{error.code}", *error.values)


def _figure(value: Figure, phrases: Phrases) -> str:
    match value:
        case Money(minor=minor, currency=currency):
            return phrases.money(minor, currency)
        case Percentage(hundredths=hundredths):
            return phrases.percentage(hundredths)
        case Rate(millionths=millionths, currency=currency, into=into):
            return phrases.rate(millionths, currency, into)[1]
        case int() | str():
            return str(value)
        case _:
            assert_never(value)


# --- entries


def _earn(inputs: EarnInputs, phrases: Phrases) -> str:
    if inputs.why:
        said = phrases.say(f"earn_{inputs.why}", number=inputs.number, currency=inputs.currency)
    else:
        said = phrases.say(
            "earn_excluding_tax" if inputs.excluding_tax else "earn",
            number=inputs.number,
            kept=phrases.money(inputs.kept, inputs.currency),
            points=phrases.points(inputs.points),
            step=phrases.money(inputs.step, inputs.currency),
            target=phrases.points(inputs.target),
        )
    return said + _difference(inputs.target, inputs.booked, "before_more", phrases)


def _difference(target: int, booked: int, before: str, phrases: Phrases) -> str:
    """Return what was booked before and what is added or taken back now; nothing on a first entry."""
    if booked == 0:
        return ""
    change = "added" if target > booked else "taken_back"
    return phrases.count(before, abs(booked)) + phrases.count(change, abs(target - booked))


def _expiry(inputs: ExpiryInputs, phrases: Phrases) -> str:
    kind = inputs.lot_source.partition(":")[0]
    if kind == "order" and not inputs.number:
        kind = "gone"
    said = phrases.say(
        "expired",
        origin=phrases.say(f"origin_{kind}", number=inputs.number),
        points=phrases.points(-inputs.target),
        date=phrases.date(inputs.on),
    )
    return said + _difference(inputs.target, inputs.booked, "expired_before", phrases)


def _redemption(inputs: RedemptionInputs, phrases: Phrases) -> str:
    if inputs.points == 0:
        return phrases.say("redeemed_gone", points=phrases.points(-inputs.booked))
    said = phrases.say(
        "redeemed", points=phrases.points(inputs.points), reward=inputs.name or inputs.reward_key
    )
    if inputs.why:
        said += phrases.say(f"back_{inputs.why}", points=phrases.points(inputs.returned))
    before = inputs.points + inputs.booked
    return said + (phrases.count("back_before", before) if inputs.booked and before else "")


def _adjustment(
    inputs: AdjustmentInputs, phrases: Phrases, ways: tuple[str, str] = ("given", "taken")
) -> str:
    if inputs.target == 0:
        return phrases.say("adjustment_gone", points=phrases.points(inputs.booked))
    said = phrases.say(
        ways[0] if inputs.target > 0 else ways[1],
        points=phrases.points(abs(inputs.target)),
        reason=inputs.reason,
    )
    return said + _difference(inputs.target, inputs.booked, "before_more", phrases)


# --- the programme


def _described(terms: Terms, phrases: Phrases) -> Iterator[str]:
    yield phrases.say("currency", currency=terms.currency)
    for one in terms.currencies:
        yield from _currency(one, terms, phrases)
    yield phrases.say(f"base_{terms.base}")
    yield from _lifetime(terms, phrases)
    yield phrases.say("zero_counts" if terms.count_zero_orders else "zero_does_not_count")
    yield from _tiers(terms, phrases)
    yield from _offers(terms, phrases)
    if terms.returning_tag:
        yield phrases.say("returning", tag=terms.returning_tag)
    else:
        yield phrases.say("no_returning")
    yield from _life(terms, phrases)
    yield from _win_back(terms, phrases)
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


def _tiers(terms: Terms, phrases: Phrases) -> Iterator[str]:
    for tier in terms.tiers:
        yield phrases.say(
            "tier",
            name=tier.name,
            threshold=phrases.money(tier.threshold, terms.currency),
            window=phrases.months(terms.tier_window_months),
            term=phrases.months(terms.tier_term_months),
            grace=phrases.days(terms.tier_grace_days),
            tag=tier.tag,
        )
    if not terms.tiers:
        yield phrases.say("no_tiers")


def _offers(terms: Terms, phrases: Phrases) -> Iterator[str]:
    for rule in terms.nth_orders:
        reward = _reward(rule.reward, terms, phrases)
        yield phrases.say("nth", after=rule.after, name=rule.name, reward=reward)
    if not terms.nth_orders:
        yield phrases.say("no_nth")
    for offer in terms.redeemables:
        reward = _reward(offer.reward, terms, phrases)
        yield phrases.say("redeemable", points=phrases.points(offer.points), name=offer.name, reward=reward)
    if not terms.redeemables:
        yield phrases.say("no_redeemables")


def _life(terms: Terms, phrases: Phrases) -> Iterator[str]:
    usual = phrases.days(terms.usual_gap) if terms.usual_gap else phrases.say("usual_unmeasured")
    yield phrases.say("lapse", least=phrases.days(terms.lapse_min_days), usual=usual)
    yield phrases.say("loyal", orders=terms.loyal_from)
    tags = {stage: getattr(terms.stage_tags, stage) for stage in StageTags.__struct_fields__}
    for stage, tag in tags.items():
        if tag:
            yield phrases.say("stage_tag", stage=phrases.say(f"stage_{stage}"), tag=tag)
    if not any(tags.values()):
        yield phrases.say("no_stage_tags")


def _win_back(terms: Terms, phrases: Phrases) -> Iterator[str]:
    if terms.win_back is None:
        yield phrases.say("no_win_back")
    else:
        reward = _reward(terms.win_back.reward, terms, phrases)
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


def _reward(reward: Reward, terms: Terms, phrases: Phrases) -> str:
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
    return said + phrases.say("reward_validity", days=phrases.days(reward.valid_days))
