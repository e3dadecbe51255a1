"""A visit in a window of the merchant's own: how it begins, what keeps it going, and when it is over.

It stands in the signed cookie; what ends it early does not: the merchant's number of sign-ins, and words signed out.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import session

from connector.secrets import random_word
from connector.settings import tongue
from connector.store import spent
from connector.store.database import Tx
from connector.store.merchants import Merchant

LASTS = timedelta(hours=12)
IDLE = timedelta(minutes=30)
FRESH = timedelta(minutes=15)
"""For so long after a one-time link its visitor may choose a password without the old one: they may have lost it."""
_NOTED_EVERY = timedelta(minutes=1)


def begin(merchant: Merchant, now: datetime, *, by_link: bool) -> None:
    """Begin a visit of this merchant; nothing of the one before is left but the language."""
    tongue.start_over()
    at = int(now.timestamp())
    session.update(merchant_id=merchant.id, merchant_language=merchant.language)
    session.update(since=at, seen=at, word=random_word(16), sign_ins=merchant.sign_ins, by_link=by_link)


def go_on(now: datetime, *, by_hand: bool) -> None:
    """Let a visit that is over end; note that it goes on where somebody asked by hand, not a page by itself."""
    since = session.get("since")
    if since is None:
        return
    at, seen = int(now.timestamp()), session.get("seen", since)
    if at - since > LASTS.total_seconds() or at - seen > IDLE.total_seconds():
        tongue.start_over()
    elif by_hand and at - seen >= _NOTED_EVERY.total_seconds():
        session["seen"] = at


def is_over(tx: Tx, merchant: Merchant) -> bool:
    """Tell whether the visit was ended elsewhere: everywhere at once, or by signing out of this cookie's original."""
    if session.get("sign_ins", 0) != merchant.sign_ins:
        return True
    return "word" in session and spent.is_taken(tx.connection, _signed_out(session["word"]))


def is_fresh(now: datetime) -> bool:
    """Tell whether this visit began by a one-time link, and lately."""
    return bool(session.get("by_link")) and now.timestamp() - session["since"] <= FRESH.total_seconds()


def end() -> str | None:
    """End the visit here; return the word to be used up, so that no copy of the cookie goes on with it."""
    word = session.get("word")
    tongue.start_over()
    return None if word is None else _signed_out(word)


def _signed_out(word: str) -> str:
    return f"signed out {word}"
