"""Many codes for one discount: taken in at once, made in the background, each with its own outcome."""

import threading
import time

import msgspec

from adapters.shopify.sandbox import bodies, discounts
from adapters.shopify.sandbox.fields.ask import Ask, number_of
from adapters.shopify.sandbox.refusals import Complaint, GraphRefusal, Said
from adapters.shopify.sandbox.state import Shop
from adapters.shopify.sandbox.things import CodeWish, Discount, ManyCodes

MOST = 250
_LONGEST = 255


def start(ask: Ask, discount_id: str, wishes: list[dict[str, str]]) -> Said:
    """Take in codes for a discount and make them in the background."""
    if len(wishes) > MOST:
        text = f"at most {MOST} codes in one call, and these are {len(wishes)}"
        raise GraphRefusal(text, "MAX_INPUT_SIZE_EXCEEDED")
    shop = ask.shop
    discount = shop.discounts.get(number_of(discount_id, "DiscountCodeNode") or 0)
    if discount is None:
        return Said(None, [Complaint("this code discount is not there", ["discountId"], "INVALID")])
    if not wishes:
        return Said(None, [Complaint("codes are needed", ["codes"], "BLANK")])
    number = shop.next_id("many_codes")
    made = ManyCodes(number, discount.id, shop.now(), [CodeWish(wish["code"]) for wish in wishes])
    shop.many_codes[number] = made
    threading.Thread(target=_run, args=(shop, made), name=f"codes-{number}", daemon=True).start()
    return Said(made)


def _run(shop: Shop, it: ManyCodes) -> None:
    time.sleep(shop.bulk_seconds)
    with shop.lock:
        discount = shop.discounts.get(it.discount_id)
        if discount is not None:
            it.codes = [_made(shop, discount, wish.code) for wish in it.codes]
            shop.tell("DISCOUNTS_UPDATE", lambda: bodies.discount(discount, shop.now()))
        it.done = True


def _made(shop: Shop, discount: Discount, code: str) -> CodeWish:
    wrong = _wrong(shop, code)
    if wrong is None:
        discount.more_codes = [*discount.more_codes, code]
        shop.codes[code.strip().upper()] = discount.id
    return CodeWish(code, wrong, made=wrong is None)


def _wrong(shop: Shop, code: str) -> str | None:
    """Return what is wrong with a code. The platform gives such an error no code of its own, only words."""
    if not code.strip():
        return "this code is too short"
    if "\n" in code or "\r" in code:
        return "a code stands on one line"
    if len(code) > _LONGEST:
        return f"a code has at most {_LONGEST} signs"
    return "this code is in use" if discounts.by_code(shop, code) is not None else None


class Outcome(msgspec.Struct, frozen=True):
    """What became of one code, as it is read."""

    wish: CodeWish
    discount: Discount | None


def outcomes(shop: Shop, it: ManyCodes) -> list[Outcome]:
    """Return what became of each code, in the order of the wish."""
    return [Outcome(wish, shop.discounts.get(it.discount_id)) for wish in it.codes]
