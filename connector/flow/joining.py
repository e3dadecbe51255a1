"""Joining: one person, one member. Only a verified address (or the shop itself) joins two members."""

from connector.store import coupons, ledger, people
from connector.store.database import Tx


def join_same_person(tx: Tx, email_hash: bytes) -> int:
    """Join every member with a verified customer of this address into the oldest; return who is left."""
    members = people.same_person(tx, email_hash)
    for member_id in members[1:]:
        join(tx, members[0], member_id)
    return members[0]


def join(tx: Tx, kept: int, gone: int) -> int:
    """Let `gone` live on as `kept`: customers, acts and coupons move; entries stay, and count for the survivor."""
    people.lock(tx, (kept, gone))
    people.give(tx, gone, kept)
    ledger.give(tx, gone, kept)
    coupons.give(tx, gone, kept)
    return kept
