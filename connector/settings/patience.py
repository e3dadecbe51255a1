"""Asking a shop while somebody waits for the answer."""

import threading
from collections.abc import Callable
from queue import Empty, Queue
from typing import TypeVar

from connector import trail
from connector.port import ShopError, TryLater
from connector.secrets import CannotOpen

PATIENCE = 10.0  # seconds for a shop to answer its merchant's page
# What may go wrong while a shop is asked; a fault of ours is said to be one, and the page is there all the same.
FAULTS = (CannotOpen, ValueError, LookupError, TypeError, NotImplementedError)

T = TypeVar("T")


def within(work: Callable[[], T]) -> T:
    """Return what the work does; raise TryLater where the shop takes too long. It then goes on to its own end."""
    done: Queue[T | Exception] = Queue()
    number = trail.current()

    def run() -> None:
        trail.follow(number)
        try:
            done.put(work())
        except (ShopError, *FAULTS) as error:
            done.put(error)

    # A call to a shop that hangs cannot be broken off; as a daemon its thread does not keep the process from ending.
    threading.Thread(target=run, daemon=True).start()
    try:
        found = done.get(timeout=PATIENCE)
    except Empty:
        raise TryLater("The shop did not answer in time.") from None
    if isinstance(found, Exception):
        raise found
    return found
