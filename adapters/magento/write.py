"""Putting a customer into the group of their tier, and taking them out again."""

from collections.abc import Callable

import msgspec

from connector.port import LeftAlone, Marked, Refused

from .answers import Gone
from .client import Client
from .groups import Groups
from .wire import Group


class _Standing(msgspec.Struct, frozen=True):
    group_id: int = 0
    store_id: int | None = None


class Marker:
    """Writes groups on customers of one shop. `made` is told of every group that is new."""

    def __init__(self, client: Client, groups: Groups, made: Callable[[Group], None]) -> None:
        self._client = client
        self._groups = groups
        self._made = made

    def mark(self, customer_id: str, wanted: tuple[str, ...], known: tuple[str, ...]) -> Marked | LeftAlone:
        """Move the customer to the wanted group, or back to the default one; never out of a group that is not ours.

        The shop's own group (wholesale, staff) decides prices and taxes; taking somebody out of it would change
        what they pay.
        """
        if len(wanted) > 1:
            raise ValueError("a Magento customer is in one group; only one mark can be wanted")
        try:
            whole = self._client.whole(f"customers/{int(customer_id)}")
        except Gone:
            return LeftAlone("The customer is no longer in the shop.")
        standing = msgspec.convert(whole, _Standing, strict=False)
        default = self._groups.default_of(standing.store_id)
        current = self._groups.code(standing.group_id) or ""
        if wanted and current == wanted[0].strip():
            return Marked(wanted)
        ours = standing.group_id == default or current in known
        if not ours:
            return LeftAlone(_foreign(current)) if wanted else Marked(())
        self._move(customer_id, whole, standing.group_id, self._group(wanted[0]).id if wanted else default)
        return Marked(wanted)

    def _group(self, code: str) -> Group:
        found = self._groups.found(code)
        if found is None:
            found = self._groups.made(code)
            self._made(found)
        return found

    def _move(self, customer_id: str, whole: dict[str, object], was: int, group_id: int) -> None:
        if was == group_id:
            return
        # Written back whole: versions up to 2.3 reset the store, and others the default addresses, of a customer
        # that comes with less than was read.
        body = {"customer": {**whole, "group_id": group_id}}
        after = self._client.send("PUT", f"customers/{int(customer_id)}", body, _Standing)
        if after.group_id != group_id:
            raise Refused(
                "The shop took the new group and kept the old one; does a module assign groups by itself?"
            )


def _foreign(code: str) -> str:
    return f"The customer is in the group {code!r}, which is the shop's own; Comeback leaves it alone."
