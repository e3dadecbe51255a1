"""Gift cards: made once, found again by their code and by what we wrote into their note.

A code is unique in the shop and Shopify never shows it whole again. The note is the merchant's to read and to change; it
carries a digest of the code, which gives nothing away.
"""

import re
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from adapters.shopify import documents, looking, picture
from adapters.shopify.answers import UNREADABLE
from adapters.shopify.client import Client
from adapters.shopify.complaint import Complaint
from adapters.shopify.discounts import MARK
from adapters.shopify.graph import Moment, Node, PageInfo, Ref, Sum
from connector.money import plain
from connector.port import CodeTaken, CouponMade, Doubtful, OutcomeUnknown, Refused
from connector.records import Coupon

LONGEST_TITLE = 200
# A search by a code finds that card; anything else it finds bears the code as a name or a word of a note.
FOUND = 20
A_PAGE = 100
_NOTE = re.compile(re.escape(MARK) + r"(.*) \[[0-9a-f]{16}\]", re.S)


class GiftCardNode(Node, frozen=True):
    id: str
    last_characters: str
    created_at: Moment
    initial_value: Sum
    note: str | None = None
    customer: Ref | None = None
    expires_on: date | None = None


class GiftCardPage(Node, frozen=True):
    nodes: tuple[GiftCardNode, ...]
    page_info: PageInfo


class GiftCardsData(Node, frozen=True):
    gift_cards: GiftCardPage


class Made(Node, frozen=True):
    gift_card: Ref | None = None
    user_errors: tuple[Complaint, ...] = ()


class MadeData(Node, frozen=True):
    gift_card_create: Made


def make(client: Client, coupon: Coupon, zone: str) -> CouponMade | CodeTaken:
    """Make the card, once; its last day is the last one before `ends_at` in the shop's time zone."""
    return looking.then_give(
        client, lambda: find(client, coupon), lambda until: _make(client, coupon, zone, until)
    )


def find(client: Client, coupon: Coupon) -> CouponMade | None:
    """Return the card where it is ours, whatever became of it since."""
    ours = [it for it in _with_its_code(client, coupon) if _ours(it, coupon)]
    return CouponMade(picture.number_of(ours[0].id)) if ours else None


def given(client: Client, since: datetime, customer_ids: tuple[str, ...], zone: str) -> dict[str, Coupon]:
    """Return the cards that these customers were given since then, by their ids; known as ours by their notes.

    All cards since then are read once: a search by customers takes a few at a time, and each would read them again.
    """
    cursor, found, asked_for = None, dict[str, Coupon](), frozenset(customer_ids)
    while True:
        asked = {"query": f"created_at:>='{picture.text(since)}'", "first": A_PAGE, "after": cursor}
        page = client.look(documents.GIFT_CARDS, asked, GiftCardsData).gift_cards
        for node in page.nodes:
            gift = _gift(node, zone)
            if gift is not None and gift.customer_id in asked_for:
                found[picture.number_of(node.id)] = gift
        cursor = page.page_info.end_cursor
        if not page.page_info.has_next_page:
            return found


def _gift(node: GiftCardNode, zone: str) -> Coupon | None:
    note, value = _NOTE.fullmatch(node.note or ""), node.initial_value.minor()
    if note is None or value is None or node.customer is None:
        return None
    return Coupon(
        code="",
        kind="gift_card",
        value=value,
        currency=node.initial_value.currency_code,
        title=note[1],
        starts_at=picture.utc(node.created_at),
        ends_at=None if node.expires_on is None else _day_after(node.expires_on, zone),
        customer_id=picture.number_of(node.customer.id),
    )


def _make(client: Client, coupon: Coupon, zone: str, until: datetime) -> CouponMade | CodeTaken:
    made = client.change(documents.GIFT_CARD, {"input": _input(coupon, zone)}, MadeData, until)
    said = made.gift_card_create
    if said.gift_card is not None and not said.user_errors:
        return CouponMade(picture.number_of(said.gift_card.id))
    if any(_taken(it) for it in said.user_errors):
        return _adopt(client, coupon)
    if not said.user_errors or any(it.code == "INTERNAL_ERROR" for it in said.user_errors):
        raise OutcomeUnknown(UNREADABLE)
    raise Refused(f"Shopify refuses the gift card ({said.user_errors[0].place}).")


def _adopt(client: Client, coupon: Coupon) -> CouponMade | CodeTaken:
    there = _with_its_code(client, coupon)
    if not there:
        # Searching lags behind writing. It may be ours, so no other card is made.
        raise Doubtful("Shopify says the gift card exists but does not show it yet.")
    ours = [it for it in there if _ours(it, coupon)]
    return CouponMade(picture.number_of(ours[0].id)) if ours else CodeTaken()


def _taken(complaint: Complaint) -> bool:
    """Shopify has a code for this among its own, and has been seen to say it without one."""
    at_code = (complaint.field or ("",))[-1] == "code"
    return complaint.code == "TAKEN" or (complaint.code is None and at_code)


def _with_its_code(client: Client, coupon: Coupon) -> tuple[GiftCardNode, ...]:
    asked = {"query": coupon.code, "first": FOUND, "after": None}
    found = client.look(documents.GIFT_CARDS, asked, GiftCardsData).gift_cards.nodes
    return tuple(it for it in found if it.last_characters.upper() == coupon.code[-4:].upper())


def _ours(card: GiftCardNode, coupon: Coupon) -> bool:
    """By its note; where a merchant has written another one, by what we gave and to whom."""
    if _digest(coupon) in (card.note or ""):
        return True
    value = card.initial_value
    return (
        card.customer is not None
        and picture.number_of(card.customer.id) == coupon.customer_id
        and (value.minor(), value.currency_code) == (coupon.value, coupon.currency)
    )


def _input(coupon: Coupon, zone: str) -> dict[str, object]:
    return {
        "code": coupon.code,
        "customerId": f"gid://shopify/Customer/{coupon.customer_id}",
        "initialAmount": {
            "amount": plain(coupon.value, coupon.currency),
            "currencyCode": coupon.currency,
        },
        "expiresOn": None if coupon.ends_at is None else _last_day(coupon.ends_at, zone),
        "note": f"{(MARK + coupon.title)[:LONGEST_TITLE]} [{_digest(coupon)}]",
    }


def _last_day(ends_at: datetime, zone: str) -> str:
    return (ends_at - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date().isoformat()


def _day_after(last: date, zone: str) -> datetime:
    return picture.utc(datetime.combine(last + timedelta(days=1), time(), ZoneInfo(zone)))


def _digest(coupon: Coupon) -> str:
    # Of sixty bits that nobody can guess: whoever reads it does not have the code.
    return sha256(f"gift card {coupon.code.upper()}".encode()).hexdigest()[:16]
