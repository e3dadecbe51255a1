"""Store credit: a sum on a customer's account, told from every other by the second in which it ends.

A credit has neither a note nor a key, and Shopify gives one as often as it is asked. What it keeps is `expiresAt`, so each
of ours ends within the last hour of its time at a second of its own, which is how it is known again.
"""

from datetime import datetime, time, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from adapters.shopify import documents, looking, picture
from adapters.shopify.answers import UNREADABLE
from adapters.shopify.client import Client
from adapters.shopify.complaint import Complaint
from adapters.shopify.graph import Moment, Node, PageInfo, Ref, Sum
from connector.money import plain
from connector.port import CodeTaken, CouponMade, Doubtful, OutcomeUnknown, Refused
from connector.records import Coupon

HOUR = 3600
MINUTE = timedelta(minutes=1)
LAST_HOUR = timedelta(minutes=61)
# A shop that does not keep the seconds may keep the minute, the hour or the day; and a day has 25 hours once a year.
AROUND = timedelta(hours=25)
# What a shop without seconds would state. None of our own ends so.
UNMARKED = frozenset({0, 59})
# Between our clock, by which a credit is promised, and the shop's, by which it was given.
CLOCKS = timedelta(minutes=5)
ACCOUNTS = 10  # one for each currency
CREDITS = 100  # of one customer, ending around one day
AT_ONCE = 20  # customers in one question after what they were given
DOUBTFUL = (
    "This customer has a store credit of the same amount that ends on the same day; Comeback cannot tell whether it "
    "is this one, and gives no other."
)


class CreditNode(Node, frozen=True):
    """A credit; or something else that happened to the account, which has none of these."""

    id: str = ""
    amount: Sum | None = None
    created_at: Moment | None = None
    expires_at: Moment | None = None


class CreditPage(Node, frozen=True):
    nodes: tuple[CreditNode, ...]
    page_info: PageInfo


class AccountNode(Node, frozen=True):
    transactions: CreditPage


class AccountPage(Node, frozen=True):
    nodes: tuple[AccountNode, ...]
    page_info: PageInfo


class OwnerNode(Node, frozen=True):
    store_credit_accounts: AccountPage


class CreditsData(Node, frozen=True):
    customer: OwnerNode | None = None


class Transactions(Node, frozen=True):
    nodes: tuple[CreditNode, ...]


class GivenAccount(Node, frozen=True):
    transactions: Transactions


class GivenAccounts(Node, frozen=True):
    nodes: tuple[GivenAccount, ...] = ()


class CustomerNode(Node, frozen=True):
    """A customer; or something else, which has none of these."""

    id: str = ""
    store_credit_accounts: GivenAccounts = GivenAccounts()


class CustomersData(Node, frozen=True):
    nodes: tuple[CustomerNode | None, ...]


class Given(Node, frozen=True):
    store_credit_account_transaction: Ref | None = None
    user_errors: tuple[Complaint, ...] = ()


class GivenData(Node, frozen=True):
    store_credit_account_credit: Given


def give(client: Client, coupon: Coupon) -> CouponMade | CodeTaken:
    """Give the sum, once; raise Doubtful where one stands there of which nobody can say whether it is this."""
    mark = ends(coupon)
    return looking.then_give(
        client,
        lambda: _surely(_credits(client, coupon, mark), mark),
        lambda until: _give(client, coupon, until),
    )


def find(client: Client, coupon: Coupon) -> CouponMade | None:
    """Return the credit; where the shop keeps no seconds, one that may be it: points never come back beside it."""
    mark = ends(coupon)
    there = _credits(client, coupon, mark)
    likely = _exact(there, mark) or _blurred(there)
    return CouponMade(picture.number_of(likely[0].id)) if likely else None


def given(client: Client, since: datetime, customer_ids: tuple[str, ...], zone: str) -> dict[str, Coupon]:
    """Return the credits that these customers were given since then, by their ids; known as ours by when they end."""
    found = dict[str, Coupon]()
    for start in range(0, len(customer_ids), AT_ONCE):
        found |= _given(client, since, customer_ids[start : start + AT_ONCE], zone)
    return found


def _given(client: Client, since: datetime, customer_ids: tuple[str, ...], zone: str) -> dict[str, Coupon]:
    asked = {
        "ids": [f"gid://shopify/Customer/{one}" for one in customer_ids],
        "accounts": 3,
        "credits": 50,
    }
    found = {}
    for customer in client.look(documents.STORE_CREDITS_GIVEN, asked, CustomersData).nodes:
        for account in customer.store_credit_accounts.nodes if customer else ():
            for node in account.transactions.nodes:
                gift = _gift(node, customer.id, zone) if customer else None
                if gift is not None and gift.starts_at >= since.replace(microsecond=0):
                    found[picture.number_of(node.id)] = gift
    return found


def _gift(node: CreditNode, customer: str, zone: str) -> Coupon | None:
    """Read a credit that ends where ours do: in the last hour of a day of the shop, at a second that no day ends with."""
    value = None if node.amount is None else node.amount.minor()
    if node.amount is None or node.expires_at is None or node.created_at is None or value is None:
        return None
    local = node.expires_at.astimezone(ZoneInfo(zone))
    midnight = datetime.combine(local.date() + timedelta(days=1), time(), ZoneInfo(zone))
    if local.second in UNMARKED or picture.utc(midnight) - node.expires_at > LAST_HOUR:
        return None
    return Coupon(
        code="",
        kind="store_credit",
        value=value,
        currency=node.amount.currency_code,
        title="",
        starts_at=picture.utc(node.created_at),
        ends_at=picture.utc(midnight),
        customer_id=picture.number_of(customer),
    )


def ends(coupon: Coupon) -> datetime:
    """Return when the credit ends: up to an hour and a minute before `ends_at`, at a second that marks it as this one."""
    if coupon.ends_at is None:
        raise Refused("A store credit without an end could not be told from another one.")
    early = int.from_bytes(sha256(coupon.code.encode()).digest()[:8]) % HOUR
    found = picture.utc(coupon.ends_at).replace(microsecond=0) - MINUTE - timedelta(seconds=early)
    return found.replace(second=1 + found.second % 58)


def _give(client: Client, coupon: Coupon, until: datetime) -> CouponMade:
    credit = {
        "creditAmount": {"amount": plain(coupon.value, coupon.currency), "currencyCode": coupon.currency},
        "expiresAt": picture.text(ends(coupon)),
    }
    asked = {"id": f"gid://shopify/Customer/{coupon.customer_id}", "credit": credit}
    said = client.change(documents.STORE_CREDIT, asked, GivenData, until).store_credit_account_credit
    if said.user_errors:
        raise Refused(f"Shopify refuses the store credit ({said.user_errors[0].place}).")
    if said.store_credit_account_transaction is None:
        raise OutcomeUnknown(UNREADABLE)
    return CouponMade(picture.number_of(said.store_credit_account_transaction.id))


def _credits(client: Client, coupon: Coupon, mark: datetime) -> list[CreditNode]:
    """Return the customer's credits of this sum that end around then; none where the customer is gone."""
    asked = {
        "id": f"gid://shopify/Customer/{coupon.customer_id}",
        "accounts": ACCOUNTS,
        "credits": CREDITS,
        "query": f"type:credit expires_at:>='{picture.text(mark - AROUND)}' expires_at:<='{picture.text(mark + AROUND)}'",
    }
    owner = client.look(documents.STORE_CREDITS, asked, CreditsData).customer
    if owner is None:
        return []
    accounts = owner.store_credit_accounts
    pages = [account.transactions for account in accounts.nodes]
    if any(info.has_next_page for info in (accounts.page_info, *(page.page_info for page in pages))):
        raise Doubtful("This customer has more store credits than Comeback looks through.")
    return [node for page in pages for node in page.nodes if _alike(node, coupon, mark)]


def _alike(node: CreditNode, coupon: Coupon, mark: datetime) -> bool:
    if node.amount is None or node.expires_at is None or node.created_at is None:
        return False
    same = (node.amount.minor(), node.amount.currency_code) == (coupon.value, coupon.currency)
    exact = node.expires_at == mark
    return same and (exact or (_near(node.expires_at, mark) and node.created_at >= coupon.starts_at - CLOCKS))


def _near(there: datetime, mark: datetime) -> bool:
    return there.second in UNMARKED and abs(there - mark) <= AROUND


def _surely(there: list[CreditNode], mark: datetime) -> CouponMade | None:
    exact = _exact(there, mark)
    if exact:
        return CouponMade(picture.number_of(exact[0].id))
    if _blurred(there):
        raise Doubtful(DOUBTFUL)
    return None


def _exact(there: list[CreditNode], mark: datetime) -> list[CreditNode]:
    return [it for it in there if it.expires_at == mark]


def _blurred(there: list[CreditNode]) -> list[CreditNode]:
    return [it for it in there if it.expires_at is not None and it.expires_at.second in UNMARKED]
