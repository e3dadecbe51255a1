"""Whose clock tells a moment: days are the days of the shop where it happened, not the reader's."""

from collections.abc import Iterable
from datetime import datetime, time
from zoneinfo import ZoneInfo

import msgspec

from connector.loyalty.facts import Act, Redemption
from connector.store.shops import Shop


class Clocks(msgspec.Struct, frozen=True):
    """The merchant's shops, and in which of them a redemption was made. `home`: the zone of what belongs to no shop."""

    shops: dict[int, Shop]
    redeemed: dict[str, int]
    home: str

    def shop(self, source: str) -> Shop | None:
        """Return where the source of an entry or a lot lies; None when it belongs to no shop, as a present does."""
        kind, _, tail = source.removeprefix("expiry:").partition(":")
        if kind == "order":
            number = tail.partition(":")[0]
            return self.shops.get(int(number)) if number.isdecimal() else None
        return self.shops.get(self.redeemed.get(source.removeprefix("expiry:"), 0))

    def of(self, source: str) -> str:
        """Return the zone whose clock tells when it happened."""
        shop = self.shop(source)
        return self.home if shop is None else shop.timezone

    def ending(self, moment: datetime) -> str:
        """Return the zone in which a day begins at this moment: a tier ends so, in the shop that gave it."""
        zones = (shop.timezone for shop in self.shops.values())
        midnight = (zone for zone in zones if moment.astimezone(ZoneInfo(zone)).time() == time())
        return next(midnight, self.home)


def clocks(shops: Iterable[Shop], acts: Iterable[Act], otherwise: str) -> Clocks:
    """Return the clocks for a member with these acts; what belongs to no shop follows the first shop's, as the rules do."""
    by_id = {shop.id: shop for shop in shops}
    redeemed = {act.source: act.shop_id for act in acts if isinstance(act, Redemption)}
    home = next((shop.timezone for shop in by_id.values()), otherwise)
    return Clocks(by_id, redeemed, home)
