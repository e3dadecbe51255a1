"""Gift cards and store credit: what the shop makes of a wish, and why it may say no.

Neither is safe to repeat on the platform, but a gift card's code is unique; store credit has nothing of the kind.
"""

import re
import secrets
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from adapters.shopify.sandbox.fields.ask import Ask, number_of
from adapters.shopify.sandbox.refusals import Complaint, Said
from adapters.shopify.sandbox.state import CURRENCY, ZONE, Shop
from adapters.shopify.sandbox.things import Credit, CreditAccount, GiftCard
from connector.money import NotMoney, parse

SHORTEST, LONGEST = 8, 20
MOST_ON_A_CARD = 1_000_000  # minor units
MOST_CREDIT = 1_000_000
_SIGNS = re.compile(r"[a-z0-9]+")


def make_card(ask: Ask, wish: dict[str, Any]) -> Said:
    """Make a gift card; its code is in nobody else's use, whatever its capitals."""
    if wish.get("customerId") is not None:
        ask.may("write_customers", "GiftCard")
    found = _card_complaints(ask.shop, wish)
    if found:
        return Said(None, found)
    shop, buyer = ask.shop, wish.get("customerId")
    made = GiftCard(
        shop.next_id("gift_card"),
        (wish.get("code") or secrets.token_hex(8)).lower(),
        _minor(wish["initialAmount"]),
        shop.now(),
        None if buyer is None else number_of(buyer, "Customer"),
        wish.get("expiresOn"),
        wish.get("note"),
    )
    shop.gifts.cards[made.id] = made
    return Said(made)


def credit(ask: Ask, target: str, wish: dict[str, Any]) -> Said:
    """Put a sum on a customer's account, which opens with the first one in its currency."""
    shop, money = ask.shop, wish["creditAmount"]
    found = _credit_complaints(shop, target, wish)
    if found:
        return Said(None, found)
    account = _account(shop, target, money["currencyCode"]) or _opened(shop, target, money["currencyCode"])
    amount = _minor(money)
    account.balance += amount
    made = Credit(
        shop.next_id("credit"),
        account.id,
        amount,
        account.balance,
        shop.now(),
        _kept(shop, wish.get("expiresAt")),
    )
    shop.gifts.credits[made.id] = made
    return Said(made)


def accounts(shop: Shop, customer_id: int) -> list[CreditAccount]:
    """Return a customer's accounts, oldest first."""
    return [it for it in shop.gifts.accounts.values() if it.customer_id == customer_id]


def merge(shop: Shop, kept_id: int, gone_id: int) -> None:
    """Give what one customer was given to the one they became."""
    for card in shop.gifts.cards.values():
        if card.customer_id == gone_id:
            card.customer_id = kept_id
    for account in accounts(shop, gone_id):
        account.customer_id = kept_id


def _card_complaints(shop: Shop, wish: dict[str, Any]) -> list[Complaint]:
    # The platform looks for the customer first and then says nothing else.
    buyer, code = wish.get("customerId"), wish.get("code")
    if buyer is not None and shop.customers.get(number_of(buyer, "Customer") or 0) is None:
        return [
            Complaint("there is no such customer", ["input", "customerId"], "CUSTOMER_NOT_FOUND"),
        ]
    amount, field = _minor(wish.get("initialAmount")), ["input", "initialAmount"]
    if amount <= 0:
        return [Complaint("a gift card holds something", field, "GREATER_THAN")]
    if amount > MOST_ON_A_CARD:
        return [Complaint("a gift card holds less", field, "GIFT_CARD_LIMIT_EXCEEDED")]
    return [] if code is None else _code_complaints(shop, code)


def _code_complaints(shop: Shop, code: str) -> list[Complaint]:
    field = ["input", "code"]
    if len(code) < SHORTEST:
        return [Complaint(f"a code has {SHORTEST} signs or more", field, "TOO_SHORT")]
    if len(code) > LONGEST:
        return [Complaint(f"a code has {LONGEST} signs or fewer", field, "TOO_LONG")]
    if _SIGNS.fullmatch(code.lower()) is None:
        return [Complaint("a code is made of letters and digits", field, "INVALID")]
    if any(it.code == code.lower() for it in shop.gifts.cards.values()):
        # The platform says this without a code of its own.
        return [Complaint("this code is in use", field)]
    return []


def _credit_complaints(shop: Shop, target: str, wish: dict[str, Any]) -> list[Complaint]:
    money, account = wish["creditAmount"], _account(shop, target, wish["creditAmount"]["currencyCode"])
    amount, place = _minor(money), ["creditInput", "creditAmount"]
    if target.startswith("gid://shopify/StoreCreditAccount/"):
        if account is None:
            return [Complaint("there is no such account", ["id"], "ACCOUNT_NOT_FOUND")]
        if account.currency != money["currencyCode"]:
            where = [*place, "currencyCode"]
            return [Complaint("the account is in another currency", where, "MISMATCHING_CURRENCY")]
    elif shop.customers.get(number_of(target, "Customer") or 0) is None:
        return [Complaint("there is no such owner", ["id"], "OWNER_NOT_FOUND")]
    elif money["currencyCode"] != CURRENCY:
        where = [*place, "currencyCode"]
        return [Complaint("the shop does not use this currency", where, "UNSUPPORTED_CURRENCY")]
    if amount <= 0:
        return [Complaint("a credit is more than nothing", [*place, "amount"], "NEGATIVE_OR_ZERO_AMOUNT")]
    if (account.balance if account else 0) + amount > MOST_CREDIT:
        return [Complaint("an account holds less", [*place, "amount"], "CREDIT_LIMIT_EXCEEDED")]
    ends: datetime | None = wish.get("expiresAt")
    if ends is not None and ends <= shop.clock():
        return [Complaint("a credit ends later than now", ["creditInput", "expiresAt"], "EXPIRES_AT_IN_PAST")]
    return []


def _account(shop: Shop, target: str, currency: str) -> CreditAccount | None:
    number = number_of(target, "StoreCreditAccount")
    if number is not None:
        return shop.gifts.accounts.get(number)
    owned = accounts(shop, number_of(target, "Customer") or 0)
    return next((it for it in owned if it.currency == currency), None)


def _opened(shop: Shop, target: str, currency: str) -> CreditAccount:
    made = CreditAccount(shop.next_id("credit_account"), number_of(target, "Customer") or 0, currency)
    shop.gifts.accounts[made.id] = made
    return made


def _kept(shop: Shop, ends: datetime | None) -> datetime | None:
    """Return the end as the shop remembers it."""
    if ends is None or shop.gifts.keeps == "second":
        return None if ends is None else ends.replace(microsecond=0)
    if shop.gifts.keeps == "minute":
        return ends.replace(second=0, microsecond=0)
    local = ends.astimezone(ZoneInfo(ZONE))
    return datetime.combine(local.date(), time(23, 59, 59), ZoneInfo(ZONE)).astimezone(ends.tzinfo)


def _minor(money: dict[str, Any] | None) -> int:
    """Read a sum; -1 for one that is none."""
    try:
        return parse(money["amount"], CURRENCY) if money else 0
    except NotMoney:
        return -1
