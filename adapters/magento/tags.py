"""Tags: words in a custom attribute of the customer, parted by commas, among which others may write their own.

REST cannot make such an attribute, and drops an unknown one from a change without a word; so it is asked first which
there are.
"""

from collections.abc import Collection, Iterable
from functools import cached_property

from connector.port import Refused

from .client import Client
from .keys import Chosen
from .texts import NO_PLACE_NL
from .wire import Attribute, Customer, Tagged

OURS = "comeback_tags"  # what our module makes
BALANCE, TIER = "comeback_balance", "comeback_tier"
LONGEST = 255  # characters of an attribute of one line; Magento cuts the rest off without a word


class Attributes:
    """The custom attributes that customers of this shop can have, read when first needed."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @cached_property
    def known(self) -> dict[str, Attribute]:
        """Every one by its code."""
        try:
            found = self._client.read("attributeMetadata/customer/custom", list[Attribute])
        except Refused:
            return {}  # a shop whose door keeps the list to itself has none for us
        return {one.attribute_code: one for one in found}

    @property
    def lines(self) -> list[Attribute]:
        """Those that words can be written in: text of the merchant's own making, or of our module's."""
        texts = (
            one
            for one in self.known.values()
            if one.user_defined
            and one.frontend_input in ("text", "textarea")
            and one.backend_type in ("varchar", "text")
        )
        return [one for one in texts if one.attribute_code not in (BALANCE, TIER)]

    @property
    def shows_cards(self) -> bool:
        """Tell whether there is a place for balance and tier."""
        return {BALANCE, TIER} <= self.known.keys()


class Tags:
    """Where tags stand on this shop's customers, as the merchant chose."""

    def __init__(self, attributes: Attributes, chosen: Chosen) -> None:
        self._attributes = attributes
        self._chosen = chosen

    @property
    def kind(self) -> type[Customer]:
        """What has to be read of a customer to know their marks."""
        return Customer if self._chosen.marks == "group" else Tagged

    @property
    def attribute(self) -> str:
        """The attribute that is written, whether it is there or not."""
        return self._chosen.attribute or OURS

    @property
    def faults(self) -> tuple[dict[str, str], ...]:
        """What the shop lacks for tags to stand there, with what to do, in each language."""
        lacks = self._chosen.marks != "group" and self.attribute not in self._attributes.known
        dutch = NO_PLACE_NL.format(code=repr(self.attribute))
        return ({"en": str(_no_place(self.attribute)), "nl": dutch},) if lacks else ()

    def marks(self, row: Customer, group: str | None) -> tuple[tuple[str, ...], str | None]:
        """Return a customer's marks, and beside tags the group, where the tier is one."""
        if not isinstance(row, Tagged):
            return ((group,) if group else ()), None
        beside = (group or "") if self._chosen.marks == "both" else None
        return tuple(dict.fromkeys(words(row.said(self.attribute)))), beside

    def changes(self, row: Tagged, wanted: tuple[str, ...], known: Collection[str]) -> dict[str, str]:
        """Return what has to be written into which attribute for `wanted` to stand there, and no other of `known`.

        Where tags were written before, ours go as well. Raises Refused where they have no place.
        """
        here = "" if self._chosen.marks == "group" else self.attribute
        stands = {code: row.said(code) for code in (*self._chosen.left, here) if code}
        new = {code: changed(text, wanted if code == here else (), known) for code, text in stands.items()}
        if here and wanted:
            self._check(here, new[here], wanted)
        return {code: text for code, text in new.items() if text != stands[code]}

    def _check(self, code: str, text: str, wanted: Iterable[str]) -> None:
        place = self._attributes.known.get(code)
        if place is None:
            raise _no_place(code)
        for word in wanted:
            if "," in word or len(word.splitlines()) > 1:
                raise Refused(f"The tag {word!r} holds a comma or a line break, which part tags there.")
        if place.backend_type == "varchar" and len(text) > LONGEST:
            raise Refused(
                f"The shop cuts the attribute {code!r} at {LONGEST} characters; choose one of type text area."
            )


def _no_place(code: str) -> Refused:
    return Refused(
        f"The shop's customers have no attribute {code!r}; install Comeback's module, or choose another."
    )


def words(text: str) -> list[str]:
    """Return the tags of a list."""
    return [word for part in text.split(",") if (word := part.strip())]


def changed(text: str, wanted: tuple[str, ...], known: Collection[str]) -> str:
    """Return the list with `wanted` in it and nothing else of `known`; what others wrote stays as and where it is."""
    parts = text.split(",") if text else []
    kept = [part for part in parts if part.strip() in wanted or part.strip() not in known]
    there = {part.strip() for part in kept}
    new = [word for word in wanted if word not in there]
    # Untouched where nothing has to change, down to the blanks.
    return text if len(kept) == len(parts) and not new else ",".join([*kept, *new])
