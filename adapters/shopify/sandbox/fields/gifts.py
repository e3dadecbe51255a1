"""Gift cards and store credit as they are read, searched for and given."""

from datetime import timedelta
from typing import Any

from adapters.shopify.sandbox import gifts, paging, search
from adapters.shopify.sandbox.fields import seeking
from adapters.shopify.sandbox.fields.ask import Answer, Ask, gid
from adapters.shopify.sandbox.search import Term
from adapters.shopify.sandbox.things import Credit, CreditAccount, Customer, GiftCard

_CARD_TERMS = {"id", "customer_id", "created_at", "status"}
_CREDIT_TERMS = {"id", "type", "expires_at"}
_ACCOUNT_TERMS = {"id", "currency_code"}


def _card_meets(term: Term, it: GiftCard, ask: Ask) -> bool:
    match term.field:
        case "id":
            return search.number_matches(term, it.id)
        case "customer_id":
            return it.customer_id is not None and search.number_matches(term, it.customer_id)
        case "created_at":
            return search.time_matches(term, it.created_at)
        case "status":
            return term.value == ("disabled" if it.deactivated_at else "enabled")
        case _:
            # Without a field it is looked for in several places: the code, and the customer's names.
            buyer = ask.shop.customers.get(it.customer_id or 0)
            names = (buyer.first_name, buyer.last_name, buyer.email or "") if buyer else ()
            return any(search.text_matches(term, text) for text in (it.code, *names) if text)


def _cards(
    _: object,
    ask: Ask,
    query: str | None = None,
    sortKey: str = "ID",
    savedSearchId: object = None,
    **cut: Any,
) -> object:
    _asked, wanted = seeking.asked_for(ask, "giftCards", query, _CARD_TERMS, _card_meets)
    known = ask.shop.gifts.cards
    seen = ask.shop.clock() - timedelta(seconds=ask.shop.gifts.unseen_seconds)
    rows = [(number, number) for number, it in known.items() if not query or it.created_at <= seen]
    return paging.page(rows, paging.Cut(**cut), known.__getitem__, wanted)


def _account_meets(term: Term, it: CreditAccount, ask: Ask) -> bool:
    if term.field == "id":
        return search.number_matches(term, it.id)
    return search.text_matches(term, it.currency)


def _accounts(it: Customer, ask: Ask, query: str | None = None, **cut: Any) -> object:
    _asked, wanted = seeking.asked_for(ask, "storeCreditAccounts", query, _ACCOUNT_TERMS, _account_meets)
    return paging.listed([one for one in gifts.accounts(ask.shop, it.id) if wanted(one)], paging.Cut(**cut))


def _credit_meets(term: Term, it: Credit, ask: Ask) -> bool:
    match term.field:
        case "id":
            return search.number_matches(term, it.id)
        case "expires_at":
            return search.time_matches(term, it.expires_at)
        case "type":
            # A word that is no type is passed over.
            return term.value not in ("debit", "debit_revert", "expiration")
        case _:
            return True


def _transactions(
    it: CreditAccount, ask: Ask, query: str | None = None, sortKey: str = "CREATED_AT", **cut: Any
) -> object:
    _asked, wanted = seeking.asked_for(ask, "transactions", query, _CREDIT_TERMS, _credit_meets)
    known = ask.shop.gifts.credits
    rows = [
        ((one.expires_at if sortKey == "EXPIRES_AT" else one.created_at) or one.created_at, number)
        for number, one in known.items()
        if one.account_id == it.id
    ]
    return paging.page(sorted(rows), paging.Cut(**cut), known.__getitem__, wanted)


FIELDS: dict[str, dict[str, Answer]] = {
    "GiftCard": {
        "id": lambda it, _: gid("GiftCard", it.id),
        "balance": lambda it, _: it.value,
        "customer": lambda it, ask: ask.shop.customers.get(it.customer_id or 0),
        "enabled": lambda it, _: it.deactivated_at is None,
        "initialValue": lambda it, _: it.value,
        "lastCharacters": lambda it, _: it.code[-4:],
        "maskedCode": lambda it, _: f"•••• •••• •••• {it.code[-4:]}",
        "updatedAt": lambda it, _: it.deactivated_at or it.created_at,
    },
    "GiftCardCreatePayload": {
        "giftCard": lambda it, _: it.thing,
        "giftCardCode": lambda it, _: it.thing.code if it.thing else None,
    },
    "StoreCreditAccount": {
        "id": lambda it, _: gid("StoreCreditAccount", it.id),
        "owner": lambda it, ask: ask.shop.customers.get(it.customer_id),
        "transactions": _transactions,
    },
    "StoreCreditAccountCreditTransaction": {
        "id": lambda it, _: gid("StoreCreditAccountCreditTransaction", it.id),
        "account": lambda it, ask: ask.shop.gifts.accounts[it.account_id],
        "balanceAfterTransaction": lambda it, _: it.balance,
        "event": lambda *_: "ADJUSTMENT",
        "remainingAmount": lambda it, _: it.amount,
    },
}
OF_CUSTOMER: dict[str, Answer] = {"storeCreditAccounts": _accounts}
ROOTS: dict[str, Answer] = {"giftCards": _cards}
CHANGES: dict[str, Answer] = {
    "giftCardCreate": lambda _, ask, input: gifts.make_card(ask, input),
    "storeCreditAccountCredit": lambda _, ask, creditInput, id: gifts.credit(ask, id, creditInput),
}
