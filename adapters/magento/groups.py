"""Customer groups: Magento Open Source has no tags, so a tier is a group, and a customer is in exactly one."""

from collections.abc import Iterable

import msgspec

from connector.port import Refused

from . import criteria, walk
from .client import Client
from .criteria import Filter
from .wire import Group

LONGEST = 32  # characters; Magento cuts the rest off without a word


class Bought(msgspec.Struct, frozen=True):
    """An order, by the group that its customer was in when it was placed; Magento keeps that for ever."""

    entity_id: int
    customer_group_id: int | None = None


class Groups:
    """The groups of one installation, read when first needed and again when one is unknown."""

    def __init__(self, client: Client, default: int) -> None:
        self._client = client
        self.default = default
        self._known: dict[int, Group] = {}
        self._defaults: dict[int, int] = {}

    def code(self, group_id: int | None) -> str | None:
        """Return the name of a group; None where there is none."""
        if group_id is None:
            return None
        if group_id not in self._known:
            self._read()
        found = self._known.get(group_id)
        return found.code if found else None

    def ids(self) -> list[int]:
        """Return every group, that of guests included."""
        return [group.id for group in self.all()]

    def all(self) -> list[Group]:
        """Return every group in the order of their numbers, that of guests included."""
        if not self._known:
            self._read()
        return [self._known[number] for number in sorted(self._known)]

    def found(self, code: str) -> Group | None:
        """Return the group of this name, where it exists."""
        known = self._among_known(code)
        if known is None:
            self._read()
        return known or self._among_known(code)

    def made(self, code: str) -> Group:
        """Make the group and return it, or the one that somebody made in the meantime."""
        if len(code.strip()) > LONGEST:
            raise Refused(f"Magento cuts group names at {LONGEST} characters; give the tier a shorter name.")
        default = self._client.read(f"customerGroups/{self.default}", Group)
        body = {"group": {"code": code.strip(), "tax_class_id": default.tax_class_id}}
        try:
            group = self._client.send("POST", "customerGroups", body, Group)
        except Refused:
            # The message is translated in the shop's language; looking is the only sure way to know why.
            existing = self.found(code)
            if existing is None:
                self._refuse_other_capitals(code)
                raise
            return existing
        self._known[group.id] = group
        return group

    def default_of(self, store_id: int | None) -> int:
        """Return the group that newcomers of a store view are put in."""
        if store_id is None:
            return self.default
        if store_id not in self._defaults:
            self._defaults[store_id] = self._client.read(f"customerGroups/default/{store_id}", Group).id
        return self._defaults[store_id]

    def last_of(self, customer_id: int, among: Iterable[int]) -> int | None:
        """Return which of these groups the customer was in when they last bought in one of them; None: in none."""
        which = Filter("customer_id", str(customer_id)), criteria.among("customer_group_id", among)
        pages = walk.by_id(self._client, walk.ORDERS, Bought, _order_number, filters=which)
        found = [order.customer_group_id for page in pages for order in page.rows]
        return found[-1] if found else None

    def _among_known(self, code: str) -> Group | None:
        return next((group for group in self._known.values() if group.code == code.strip()), None)

    def _refuse_other_capitals(self, code: str) -> None:
        # Magento takes "VIP" and "Vip" for one name, and what stands in the shop would never equal what we want.
        for group in self._known.values():
            if group.code.casefold() == code.strip().casefold():
                raise Refused(f"The shop has a group {group.code!r}; give the tier exactly that name.")

    def _read(self) -> None:
        pages = walk.by_id(self._client, walk.GROUPS, Group, _number, after=-1)
        self._known = {group.id: group for page in pages for group in page.rows}


def _number(group: Group) -> int:
    return group.id


def _order_number(order: Bought) -> int:
    return order.entity_id


def newcomers(client: Client) -> int:
    """Return the group that newcomers of the shop are put in."""
    return client.read("customerGroups/default", Group).id
