"""Codes that are made many at a time, and what became of them, as they are read."""

from typing import Any, NamedTuple

from adapters.shopify.sandbox import bulk_codes, paging
from adapters.shopify.sandbox.bulk_codes import Outcome
from adapters.shopify.sandbox.fields.ask import Answer, Ask, gid, number_of
from adapters.shopify.sandbox.refusals import Complaint
from adapters.shopify.sandbox.things import Discount, ManyCodes


class Redeemable(NamedTuple):
    """One code of a discount."""

    discount: Discount
    code: str

    @property
    def id(self) -> int:
        """Its place among its discount's codes, behind the discount's own number."""
        return self.discount.id * 10_000 + self.discount.codes.index(self.code)


def of_discount(it: Discount, _: Ask, query: object = None, **cut: Any) -> object:
    """Return a page of a discount's codes."""
    for unused in ("savedSearchId", "sortKey"):
        cut.pop(unused, None)
    return paging.listed([Redeemable(it, code) for code in it.codes], paging.Cut(**cut))


def _complaints(it: Outcome) -> list[Complaint]:
    return [Complaint(it.wish.wrong, ["code"])] if it.wish.wrong else []


def _redeemable(it: Outcome) -> Redeemable | None:
    return Redeemable(it.discount, it.wish.code) if it.wish.made and it.discount is not None else None


def _outcomes(it: ManyCodes, ask: Ask, **cut: Any) -> object:
    return paging.listed(list(bulk_codes.outcomes(ask.shop, it)), paging.Cut(**cut))


def find(_: object, ask: Ask, id: str) -> ManyCodes | None:
    """Return a creation of many codes."""
    return ask.shop.many_codes.get(number_of(id, "DiscountRedeemCodeBulkCreation") or 0)


FIELDS: dict[str, dict[str, Answer]] = {
    "DiscountRedeemCode": {
        "id": lambda it, _: gid("DiscountRedeemCode", it.id),
        "asyncUsageCount": lambda it, _: it.discount.used,
    },
    "DiscountRedeemCodeBulkCreation": {
        "id": lambda it, _: gid("DiscountRedeemCodeBulkCreation", it.id),
        "codes": _outcomes,
        "codesCount": lambda it, _: len(it.codes),
        "importedCount": lambda it, _: sum(wish.made for wish in it.codes),
        "failedCount": lambda it, _: sum(wish.wrong is not None for wish in it.codes),
        "discountCode": lambda it, ask: ask.shop.discounts.get(it.discount_id),
    },
    "DiscountRedeemCodeBulkCreationCode": {
        "code": lambda it, _: it.wish.code,
        "errors": lambda it, _: _complaints(it),
        "discountRedeemCode": lambda it, _: _redeemable(it),
    },
}
