"""Giving money once: Shopify does not know a gift that it was sent twice, so each is looked for before it is given.

The look is believed for a minute. Between it and the gift may lie a wait for the shop's bucket, for a new token, or a
machine that slept; whatever comes later than that looks again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from adapters.shopify.client import Client, TooLate
from connector.port import CodeTaken, CouponMade, TryLater

BELIEVED = timedelta(minutes=1)
LOOKS = 3

Look = Callable[[], CouponMade | None]
Give = Callable[[datetime], CouponMade | CodeTaken]


def then_give(client: Client, look: Look, give: Give) -> CouponMade | CodeTaken:
    """Return what was found, or give it before the look is old; `give` is told until when it may."""
    for _ in range(LOOKS):
        until = client.clock.now() + BELIEVED
        found = look()
        if found is not None:
            return found
        try:
            return give(until)
        except TooLate:
            continue
    raise TryLater("Looking whether it was given takes longer than the look is good for.")
