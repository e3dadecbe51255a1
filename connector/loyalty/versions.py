"""Which version of the programme speaks, and what it says about one currency."""

from collections.abc import Iterator
from datetime import datetime

from connector.loyalty.terms import MILLION, CurrencyTerms, Reward, Terms, Version
from connector.money import portion
from connector.records import MONEY


def in_force(versions: tuple[Version, ...], moment: datetime) -> Version:
    """Return the version that speaks at this moment: the last one started, before the first start the first one.

    `versions` is not empty and stands in the order of `starts_at`.
    """
    found = versions[0]
    for version in versions:
        if version.starts_at <= moment:
            found = version
    return found


def spans(versions: tuple[Version, ...]) -> Iterator[tuple[Version, datetime | None]]:
    """Yield each version with the moment at which it stops speaking; None for the newest."""
    for n, version in enumerate(versions, start=1):
        yield version, versions[n].starts_at if n < len(versions) else None


def numbered(versions: tuple[Version, ...], number: int, moment: datetime) -> Version:
    """Return the version with this number; the one in force at `moment` where no version has it."""
    for version in versions:
        if version.number == number:
            return version
    return in_force(versions, moment)


def counted(terms: Terms, currency: str) -> CurrencyTerms:
    """Return how the terms count in this currency; step and rate are 0 where they do not name it."""
    for one in terms.currencies:
        if one.currency == currency:
            return one
    return CurrencyTerms(currency, earn_step=0, rate=0)


def exchangeable(terms: Terms, currency: str) -> bool:
    """Can amounts of the merchant's currency be told in this one?"""
    return currency == terms.currency or counted(terms, currency).rate > 0


def told_in(reward: Reward, terms: Terms, own: str, theirs: str | None, order: str | None = None) -> str:
    """Return the currency of a reward's code: `own`, the shop's, or of a part with books of its own.

    `theirs` is the customer's (`Customer.currency`): None where the shop has one currency for everybody. `order`: of the
    order that it is for; where people shop counts for more than where they are at home. One that amounts cannot be told in
    is passed over. Where none is left, a reward that names an amount is told in `theirs`, which is not `exchangeable`: in
    the shop's own it would not work where they are at home.
    """
    wished = () if theirs is None else (order, theirs)
    names_an_amount = reward.kind in MONEY or reward.minimum > 0
    last = theirs if theirs is not None and names_an_amount else own
    return next((one for one in wished if one is not None and exchangeable(terms, one)), last)


def exchanged(amount: int, terms: Terms, currency: str) -> int:
    """Tell an amount of the merchant's currency in another one that is `exchangeable`; rounded down once."""
    if currency == terms.currency:
        return amount
    return portion(amount, MILLION, counted(terms, currency).rate)


def amounts(reward: Reward, terms: Terms, currency: str) -> tuple[int, int]:
    """Return value and minimum of a reward in a currency that is `exchangeable`; a percentage stays what it is."""
    value = exchanged(reward.value, terms, currency) if reward.kind in MONEY else reward.value
    return value, exchanged(reward.minimum, terms, currency)
