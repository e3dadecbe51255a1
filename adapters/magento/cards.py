"""Cards: balance and tier in custom attributes of the customer, where our module's block on the account page reads them."""

from connector.port import LeftAlone, Shown
from connector.records import Card

from . import walk, whole
from .answers import Gone
from .client import Client
from .criteria import EVERYTHING, among
from .tags import BALANCE, TIER, Attributes, words
from .wire import Tagged


class Cards:
    """Writes cards on customers of one shop; what stands already is not written again."""

    def __init__(self, client: Client, attributes: Attributes) -> None:
        self._client = client
        self._attributes = attributes

    def show(self, cards: tuple[Card, ...]) -> tuple[Shown | LeftAlone, ...]:
        """Bring what the attributes say in line with these cards; one answer for each."""
        if not self._attributes.shows_cards:
            return tuple(LeftAlone("The shop has no place for it.") for _ in cards)
        stand = self._read([int(card.customer_id) for card in cards])
        return tuple(self._show(card, stand.get(int(card.customer_id))) for card in cards)

    def _read(self, ids: list[int]) -> dict[int, Tagged]:
        chosen = (among("entity_id", sorted(number for number in ids if number < EVERYTHING)),)
        pages = walk.by_id(self._client, walk.CUSTOMERS, Tagged, _number, filters=chosen)
        return {row.id: row for page in pages for row in page.rows}

    def _show(self, card: Card, row: Tagged | None) -> Shown | LeftAlone:
        if row is None:
            return whole.GONE
        wanted = {BALANCE: str(card.balance), TIER: card.tier or ""}
        # Compared as it is after a write: a shop that keeps blanks its own way would otherwise be written to for ever.
        if all(words(row.said(code)) == words(text) for code, text in wanted.items()):
            return Shown()
        try:
            found = whole.read(self._client, card.customer_id)
        except Gone:
            return whole.GONE
        whole.write(self._client, found, found.row.group_id, wanted)
        return Shown()


def _number(row: Tagged) -> int:
    return row.id
