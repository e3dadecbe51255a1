"""Writing a customer's marks: the group of their tier, tags in an attribute, or both, in one change."""

from collections.abc import Callable

import msgspec

from connector.port import LeftAlone, Marked, MarkResult, Refused, Replaces

from . import whole
from .answers import Gone
from .client import Client
from .groups import Groups
from .keys import Chosen
from .tags import Tags, words
from .wire import Group, Tagged

DEFAULT = "0"  # before: the group of newcomers, whichever that is one day; no customer is in the group of this number


class _Place(msgspec.Struct, frozen=True):
    """The group to be in, what of the shop's own it stands in place of, and why it is not the one wanted."""

    group_id: int
    before: str = ""
    left: str = ""


class Marker:
    """Writes marks on customers of one shop. `made` is told of every group that is new."""

    def __init__(
        self, client: Client, groups: Groups, tags: Tags, chosen: Chosen, made: Callable[[Group], None]
    ) -> None:
        self._client = client
        self._groups = groups
        self._tags = tags
        self._chosen = chosen
        self._made = made

    def mark(
        self, customer_id: str, wanted: tuple[str, ...], known: tuple[str, ...], tier: str, before: str
    ) -> MarkResult:
        """Put the customer into the tier's group and write their tags, as far as the shop has either.

        The shop's own group (wholesale, staff) decides prices and taxes: nobody is taken out of one that the merchant
        did not offer, and whoever is comes back to it when the tier ends.
        """
        try:
            found = whole.read(self._client, customer_id)
        except Gone:
            return whole.GONE
        row = found.row
        carried = () if self._chosen.marks == "group" else wanted
        texts = self._tags.changes(row, carried, known)
        place = self._place(row, "" if self._chosen.marks == "tags" else tier.strip(), known, before)
        if isinstance(place, Replaces):
            return place
        self._write(found, place.group_id, texts)
        if place.left:
            return LeftAlone(place.left, carried)
        groups = (tier,) if tier else ()
        return Marked(groups if self._chosen.marks == "group" else carried, place.before)

    def _place(self, row: Tagged, tier: str, known: tuple[str, ...], before: str) -> _Place | Replaces:
        now, default = row.group_id or 0, self._groups.default_of(row.store_id)
        current = self._groups.code(now) or ""
        if tier and current == tier:
            return _Place(now, before or self._bought_in(row, default, (tier, *known)))
        ours = self._is_ours(row, current, known, before)
        if not tier:
            # A group of the shop's own may bear the name of a tier, and people whom nobody here put into it.
            left = "" if ours or now == default or current not in known else _foreign(current)
            return _Place(self._back(before, default) if ours else now, left=left)
        own = DEFAULT if now == default else str(now)
        if not ours and own != DEFAULT and now not in self._chosen.replaceable:
            return _Place(now, left=_foreign(current))
        if not ours and own != before:
            return Replaces(own)
        return _Place(self._group(tier, row).id, before or DEFAULT)

    def _bought_in(self, row: Tagged, default: int, ours: tuple[str, ...]) -> str:
        """Return what a group of ours stands in place of where nobody knows any more: a backup was older than the move.

        Who last bought in a group that a tier may replace was in that one; unless it is a tier's own (`ours`), also ticked
        once: they would stay in it when their tier ends.
        """
        offered = [each for each in self._chosen.replaceable if self._groups.code(each) not in ours]
        last = self._groups.last_of(row.id, (default, *offered)) if offered else None
        return str(last) if last in offered else DEFAULT

    def _is_ours(self, row: Tagged, current: str, known: tuple[str, ...], before: str) -> bool:
        # Where tags alone are written, a word of ours that stands as a tag says nothing of a group of that name.
        named = self._chosen.marks != "tags" or before or current not in words(row.said(self._tags.attribute))
        # A word that may be ours proves nothing of a group; that what it stands in place of was written down does.
        return current in known and bool(named) and before != ""

    def _back(self, before: str, default: int) -> int:
        kept = before.isdecimal() and before != DEFAULT and self._groups.code(int(before)) is not None
        return int(before) if kept else default

    def _group(self, code: str, row: Tagged) -> Group:
        found = self._groups.found(code)
        if found is None:
            found = self._groups.made(code)
            self._made(found)
        if found.id == 0:
            raise Refused(f"The group {code!r} is that of visitors; give the tier another name.")
        if row.website_id in found.shut_out_of:
            raise Refused(
                f"The group {code!r} is shut out of the customer's website; change that in the group."
            )
        return found

    def _write(self, found: whole.Whole, group_id: int, texts: dict[str, str]) -> None:
        moves = group_id != found.row.group_id
        if not moves and not texts:
            return
        after = whole.write(self._client, found, group_id, texts)
        if moves and after.group_id != group_id:
            raise Refused(
                "The shop took the new group and kept the old one; does a module, or the check of VAT numbers, "
                "assign groups by itself?"
            )


def _foreign(current: str) -> str:
    return f"The customer is in the group {current!r}, which is the shop's own; Comeback leaves it alone."
