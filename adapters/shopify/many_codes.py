"""Many codes of one discount: handed over by the hundred, made by Shopify in its own time, each with its own outcome.

The discount is known by its first code. A code that is there already is ours where it hangs on that discount, so whatever
was lost on the way, the same call made again finds what the earlier one did.
"""

from collections.abc import Sequence
from datetime import timedelta

from adapters.shopify import coupons, documents, picture
from adapters.shopify.client import Client
from adapters.shopify.complaint import Complaint
from adapters.shopify.graph import Node, PageInfo, Ref
from connector.port import CodeRefused, CodeResult, CodeTaken, CouponMade, Refused, TryLater
from connector.records import Coupon

MOST = 250
# Between two looks, and until nobody waits any more: what goes on meanwhile is found by the next try.
LOOK, PATIENCE = timedelta(seconds=1), timedelta(seconds=60)


class Outcome(Node, frozen=True):
    """What became of one code. Shopify gives its errors no code here, only words."""

    code: str
    errors: tuple[Complaint, ...] = ()


class Outcomes(Node, frozen=True):
    nodes: tuple[Outcome, ...]
    page_info: PageInfo


class Added(Node, frozen=True):
    bulk_creation: Ref | None = None
    user_errors: tuple[Complaint, ...] = ()


class AddData(Node, frozen=True):
    discount_redeem_code_bulk_add: Added


class Creation(Node, frozen=True):
    done: bool


class CreationData(Node, frozen=True):
    discount_redeem_code_bulk_creation: Creation | None = None


class Finished(Node, frozen=True):
    codes: Outcomes


class FinishedData(Node, frozen=True):
    discount_redeem_code_bulk_creation: Finished | None = None


def make(client: Client, coupon: Coupon, codes: Sequence[str]) -> tuple[CodeResult, ...]:
    """Make the coupon by its own code, and all of these codes beside it; one answer for each of them."""
    assert len(codes) <= MOST
    first = coupons.make(client, coupon, among_many=True)
    if isinstance(first, CodeTaken):
        raise Refused("The code that the others hang on belongs to somebody else.")
    others = list(dict.fromkeys(code.upper() for code in codes if code.upper() != coupon.code.upper()))
    failed = _added(client, first.remote_id, others) if others else set()
    return tuple(_whose(client, code, first) if code.upper() in failed else first for code in codes)


def _added(client: Client, discount: str, codes: list[str]) -> set[str]:
    """Have these codes made; return those that were not."""
    asked = {"id": f"gid://shopify/DiscountCodeNode/{discount}", "codes": [{"code": code} for code in codes]}
    added = client.change(documents.CODES_ADD, asked, AddData).discount_redeem_code_bulk_add
    if added.bulk_creation is None or added.user_errors:
        place = added.user_errors[0].place if added.user_errors else "without a reason"
        raise Refused(f"Shopify refuses the coupon ({place}).")
    _wait(client, added.bulk_creation.id)
    made = {one.code.upper() for one in _outcomes(client, added.bulk_creation.id) if not one.errors}
    return set(codes) - made


def _wait(client: Client, creation: str) -> None:
    until = client.clock.now() + PATIENCE
    while True:
        found = client.ask(documents.CODES_ADDING, {"id": creation}, CreationData).data
        it = found.discount_redeem_code_bulk_creation
        if it is None or it.done:
            return
        if client.clock.now() >= until:
            raise TryLater("Shopify is still making the codes.", timedelta(minutes=1))
        client.clock.sleep(LOOK.total_seconds())


def _outcomes(client: Client, creation: str) -> list[Outcome]:
    found: list[Outcome] = []
    sizes, cursor = {"first": MOST}, None
    while True:
        asked = {"id": creation, "after": cursor}
        it = client.sized(
            documents.CODES_ADDED, asked, FinishedData, sizes
        ).data.discount_redeem_code_bulk_creation
        if it is None:
            # What is not said to be made is looked for one by one.
            return found
        found += it.codes.nodes
        cursor = it.codes.page_info.end_cursor
        if not it.codes.page_info.has_next_page:
            return found


def _whose(client: Client, code: str, first: CouponMade) -> CodeResult:
    """Say of a code that was not made whether it is ours from before, somebody else's, or none that can be."""
    found = coupons.by_code(client, code)
    if found is None:
        return CodeRefused("Shopify does not take this code.")
    return first if picture.number_of(found.id) == first.remote_id else CodeTaken()
