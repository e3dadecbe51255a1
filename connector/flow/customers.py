"""What a message says of a customer becomes what we know of them: who they are, gone, joined with another, or forgotten."""

from datetime import datetime

from connector.flow import joining
from connector.flow.asking import Fetched
from connector.flow.desk import Desk, Result, Touched
from connector.records import Customer
from connector.store import forgotten, members, people, purchases, silence
from connector.store.database import Tx

# Whom it is about would be their number, which is gone too.
_FORGOTTEN = Result(False, "Customer: forgotten, and stays so.", erase=True)


def ensure(desk: Desk, customer_id: str, seen: datetime) -> people.Known:
    """Return what is known of a customer; who is only named by an order gets a stand-in."""
    known = desk.customer(customer_id)
    if known is None:
        member_id = members.new(desk.tx, 1, desk.now)[0]
        people.keep(desk.tx, desk.shop_id, [(people.stub(customer_id, seen), member_id)])
        desk.forget_people()
        known = desk.customer(customer_id)
    assert known is not None  # just kept
    return known


def take(desk: Desk, customer: Customer, touched: Touched) -> Result:
    """Keep a customer as they stand now, unless known so, or newer, or forgotten; join them with who they prove to be."""
    tx, subject = desk.tx, f"customer {customer.id}"
    known = people.known(tx, desk.shop_id, [customer.id]).get(customer.id)
    word = tx.ring.email_hash(tx.merchant_id, customer.email)
    if known.forgotten if known is not None else _is_forgotten(tx, desk.shop_id, customer.id, word):
        return _FORGOTTEN
    if known is not None and (customer.changed_at < known.changed_at or known.removed):
        return Result(False, "Customer: older than what is known.", subject)
    if known is not None:
        (customer,) = silence.completed(tx, desk.shop_id, [customer], desk.withheld)
        word = tx.ring.email_hash(tx.merchant_id, customer.email)
    if known is not None and people.says_nothing_new(tx, desk.shop_id, customer):
        # Every tag of ours that a shop writes comes back as a message about the customer.
        return Result(False, "Customer: nothing new.", subject)
    member_id = ensure(desk, customer.id, customer.created_at).member_id
    people.keep(tx, desk.shop_id, [(customer, member_id)])
    touched.members.add(member_id)
    # Whoever had a claim on guest orders by the old address has it no longer, and the other way round.
    touched.guests |= {claim for claim in (known.email_hash if known else None, word) if claim is not None}
    if customer.email_verified and word is not None:
        touched.members.update(joining.join_same_person(tx, word))
        desk.proven.add(word)
    desk.forget_people()
    return Result(True, "Customer brought up to date.", subject)


def fetched_one(desk: Desk, customer_id: str, fetched: Fetched, touched: Touched) -> Result:
    """Take in what the shop answered about a customer; one it does not have was deleted there."""
    assert customer_id in fetched.asked_customers
    if customer_id in fetched.customers:
        return take(desk, fetched.customers[customer_id], touched)
    return removed(desk, customer_id, touched)


def removed(desk: Desk, customer_id: str, touched: Touched) -> Result:
    """Note that a customer is gone from the shop, or was joined there with the one whom all their orders name."""
    desk.clear()
    if is_gone(desk, customer_id):
        return _FORGOTTEN
    gone = desk.customer(customer_id)
    if gone is not None and not gone.forgotten:
        heir = joining.heir(desk.tx, desk.shop_id, customer_id, gone.member_id)
        known = None if heir is None else desk.customer(heir)
        if heir is not None and known is not None and not known.forgotten:
            return merged(desk, heir, customer_id, touched)
    touched.customers.add(customer_id)
    people.remove(desk.tx, desk.shop_id, customer_id, desk.now)
    desk.forget_people()
    return Result(True, "The customer was deleted in the shop.", f"customer {customer_id}")


def merged(desk: Desk, kept_id: str, gone_id: str, touched: Touched) -> Result:
    """Let one customer of the shop live on as another: orders, codes and points follow."""
    desk.clear()
    if is_gone(desk, kept_id) or is_gone(desk, gone_id):
        return _FORGOTTEN
    tx, shop_id = desk.tx, desk.shop_id
    ensure(desk, kept_id, desk.now)
    both = kept_id, gone_id
    joining.hold(tx, lambda: sorted(people.members_of(tx, shop_id, both)))
    member_of = people.member_of_each(tx, shop_id, both)
    kept = member_of[kept_id]
    purchases.move(tx, shop_id, gone_id, kept_id)
    joining.rebind(tx, shop_id, gone_id, kept_id, desk.now)
    if gone_id in member_of:
        people.remove(tx, shop_id, gone_id, desk.now)
        if member_of[gone_id] != kept:
            kept = joining.join(tx, kept, member_of[gone_id])
    touched.members.add(kept)
    desk.clear()
    return Result(True, "Two customers were joined in the shop.", f"customer {kept_id}")


def is_gone(desk: Desk, customer_id: str) -> bool:
    """Whether this is the number of somebody who was forgotten: it stands in no row any more."""
    unknown = desk.customer(customer_id) is None
    return unknown and bool(forgotten.among(desk.tx, desk.shop_id, [customer_id]))


def _is_forgotten(tx: Tx, shop_id: int, customer_id: str, email_hash: bytes | None) -> bool:
    words = [tx.ring.word_hash("customer", customer_id), *([email_hash] if email_hash else [])]
    return bool(forgotten.words(tx, shop_id, words))
