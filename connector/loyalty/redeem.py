"""May these points be exchanged for that reward, here and now? Asked before anything is booked."""

from datetime import datetime
from typing import Literal

import msgspec

from connector.loyalty.calendar import later, local
from connector.loyalty.facts import Shop, Standing
from connector.loyalty.terms import Redeemable, Terms
from connector.loyalty.versions import amounts, exchangeable, told_in

Refusal = Literal["unknown_reward", "too_few_points", "other_currency"]


class CannotRedeem(Exception):
    """The exchange is refused; nothing was taken. `sentences.refusal` says why in the shopper's language."""

    def __init__(self, code: Refusal, *values: int | str) -> None:
        super().__init__(code, *values)
        self.code = code
        self.values = values


class Bargain(msgspec.Struct, frozen=True):
    """What the shopper gets for their points. `value` and `minimum`: minor units of `currency`.

    `value` of a percentage: hundredths of a per cent. `ends_at`: the coupon's end.
    """

    redeemable: Redeemable
    value: int
    minimum: int
    currency: str
    ends_at: datetime


def bargain(
    terms: Terms, standing: Standing, key: str, shop: Shop, now: datetime, theirs: str | None = None
) -> Bargain:
    """Return what the reward `key` comes to in this shop; raise CannotRedeem. `theirs`: the customer's currency.

    `standing` must be settled at `now`: points that expired or were refunded a minute ago cannot be spent.
    """
    offer = next((one for one in terms.redeemables if one.key == key), None)
    if offer is None:
        raise CannotRedeem("unknown_reward")
    if standing.balance < offer.points:
        raise CannotRedeem("too_few_points", offer.points, max(standing.balance, 0))
    currency = told_in(offer.reward, terms, shop.currency, theirs)
    if not exchangeable(terms, currency):
        raise CannotRedeem("other_currency", currency)
    value, minimum = amounts(offer.reward, terms, currency)
    ends_at = later(local(now, shop.timezone), offer.reward.valid_days + 1, shop.timezone)
    return Bargain(offer, value, minimum, currency, ends_at)
