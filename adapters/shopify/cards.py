"""A customer's balance and tier as metafields, where themes and Shopify Flow can read them.

Each value is written only over the one that was seen: a value that changed meanwhile is read again first.
"""

from datetime import timedelta

from adapters.shopify import documents, picture
from adapters.shopify.client import Client
from adapters.shopify.complaint import Complaint
from adapters.shopify.graph import Node
from connector.port import LeftAlone, Refused, Shown, TryLater
from connector.records import Card

# Two metafields each, and Shopify takes 25 a call, all of them or none.
MOST = 12
TRIES = 4
# A metafield cannot be empty.
NO_TIER = "-"
BALANCE, TIER = "points_balance", "tier"
_ACCESS = {"admin": "MERCHANT_READ", "storefront": "PUBLIC_READ", "customerAccount": "READ"}


class FieldNode(Node, frozen=True):
    value: str
    compare_digest: str


class CardNode(Node, frozen=True):
    """A customer; or something else, which has none of these."""

    id: str = ""
    balance: FieldNode | None = None
    tier: FieldNode | None = None


class CardsData(Node, frozen=True):
    nodes: tuple[CardNode | None, ...]


class Told(Node, frozen=True):
    user_errors: tuple[Complaint, ...] = ()


class SetData(Node, frozen=True):
    metafields_set: Told


class DefineData(Node, frozen=True):
    balance: Told
    tier: Told


class Cards:
    """The cards of one shop's customers; their two definitions are made before the first one."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._defined = False

    def show(self, cards: tuple[Card, ...]) -> tuple[Shown | LeftAlone, ...]:
        """Make at most `MOST` customers carry these cards; who is gone is left alone, the others get theirs."""
        assert len(cards) <= MOST
        for _ in range(TRIES):
            there = self._there(cards)
            fields = [field for card in cards if card.customer_id in there for field in _fields(card, there)]
            if not fields or self._set(fields):
                gone = LeftAlone("This customer is no longer in the shop.")
                return tuple(Shown() if card.customer_id in there else gone for card in cards)
        raise TryLater("Others keep writing what Comeback writes on customers.", timedelta(minutes=1))

    def _there(self, cards: tuple[Card, ...]) -> dict[str, CardNode]:
        ids = [f"gid://shopify/Customer/{card.customer_id}" for card in cards]
        nodes = self._client.ask(documents.CARDS, {"ids": ids}, CardsData).data.nodes
        return {picture.number_of(node.id): node for node in nodes if node is not None and node.id}

    def _set(self, fields: list[dict[str, object]]) -> bool:
        """Write the fields; False where something changed since they were read, and nothing was written."""
        if any(field["compareDigest"] is None for field in fields):
            self._define()
        complaints = self._client.change(
            documents.CARDS_SET, {"fields": fields}, SetData
        ).metafields_set.user_errors
        grave = [it for it in complaints if not _moved(it)]
        if grave:
            raise Refused(f"Shopify refuses the card ({grave[0].place}).")
        return not complaints

    def _define(self) -> None:
        if self._defined:
            return
        asked = {
            "balance": _definition(BALANCE, "Points", "number_integer"),
            "tier": _definition(TIER, "Loyalty tier", "single_line_text_field"),
        }
        done = self._client.change(documents.CARDS_DEFINE, asked, DefineData)
        for complaint in (*done.balance.user_errors, *done.tier.user_errors):
            if complaint.code != "TAKEN":
                raise Refused(f"Shopify refuses the definition of the card ({complaint.place}).")
        self._defined = True


def _fields(card: Card, there: dict[str, CardNode]) -> list[dict[str, object]]:
    """Return what has to be written for this card: nothing that stands there already."""
    node = there[card.customer_id]
    wanted = (
        (BALANCE, "number_integer", str(card.balance), node.balance),
        (TIER, "single_line_text_field", card.tier or NO_TIER, node.tier),
    )
    return [
        {
            "ownerId": f"gid://shopify/Customer/{card.customer_id}",
            "key": key,
            "type": kind,
            "value": value,
            # Nothing stands for: only where there is none yet.
            "compareDigest": seen.compare_digest if seen else None,
        }
        for key, kind, value, seen in wanted
        if seen is None or seen.value != value
    ]


def _moved(complaint: Complaint) -> bool:
    """Did somebody else write meanwhile, or did the customer go?"""
    return complaint.code == "STALE_OBJECT" or (complaint.field or ("",))[-1] == "ownerId"


def _definition(key: str, name: str, kind: str) -> dict[str, object]:
    return {"key": key, "name": name, "type": kind, "ownerType": "CUSTOMER", "access": _ACCESS}
