"""Every entry explains itself, and so does whatever is wrong or refused: plain sentences with the real figures.

`language` is "en" or "nl"; English is spoken where it is neither.
"""

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
from connector.money import Money


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
