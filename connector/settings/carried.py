"""What a tier and a stage become in the merchant's shops, in the words of the programme's page."""

from collections.abc import Iterable, Mapping

import msgspec

from connector.loyalty.promise import GROUPS, Means
from connector.port import Platform
from connector.settings.tongue import _
from connector.store.shops import Shop


class Carried(msgspec.Struct, frozen=True):
    """The words. `mark`: above a tier's field; `tiers`, `stages`: what comes of them; `counted`: above how many have any."""

    mark: str
    tiers: str
    stages: str
    counted: str


def means(shops: Iterable[Shop], platforms: Mapping[str, Platform]) -> Means:
    """Return how these shops keep a promise; of codes a platform that is not on offer here says nothing."""
    there = [shop for shop in shops if shop.state != "removed"]
    binds = frozenset(platforms[shop.platform].binds_coupons for shop in there if shop.platform in platforms)
    return Means(binds, frozenset(shop.mark_kind for shop in there))


def words(means: Means) -> Carried:
    """Return how the page speaks of what customers carry in shops with these means."""
    if means.marks <= {"tags"}:
        return Carried(
            _("Tag"),
            _("The tag is written on the customer in the shop."),
            _("The tag of their stage is written on them in the shop; empty: none."),
            _("Customers with a tag"),
        )
    if means.marks == GROUPS:
        return Carried(
            _("Group"),
            _(
                "In the shop the customer goes into the group of this name, which is made where there is none."
            ),
            _("A tier is written as the customer's group, so the tags below and above are not written."),
            _("Customers in a tier's group"),
        )
    return Carried(
        _("Tag or group"),
        _(
            "It is written on the customer in the shop: as a tag, as their group, or both, as you chose there."
        ),
        _("The tag of their stage is written on them where a tier is written as a tag; empty: none."),
        _("Customers with a tag or group"),
    )
