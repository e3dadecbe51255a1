"""Waking the workers: jobs are enqueued by name, in the transaction that makes them necessary.

Our own tables hold the truth; a job only says "look there". So a job that is already waiting is as good as a new one
(`key`, Procrastinate's queueing lock), and a lost job costs time, not work: the sweep looks everywhere.
"""

from datetime import datetime
from typing import Any

from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy import Connection, text

_WAITS = text("SELECT 1 FROM procrastinate_jobs WHERE queueing_lock = :key AND status = 'todo' LIMIT 1")
FULL = "reconcile_full"  # a queue of its own: full readings start together, at night, and each may take hours
# A shop waits five seconds for its 200, and one that hears 503 in time comes again.
_HURRY = text("SELECT set_config('lock_timeout', '3s', true), set_config('statement_timeout', '4s', true)")
# Defers by name on a connection that is handed in; never opened, runs nothing.
_app = App(connector=SyncPsycopgConnector())


def defer(
    connection: Connection, task: str, *, key: str, at: datetime | None = None, **arguments: Any
) -> None:
    """Enqueue `task` once per `key`, visible when the transaction commits."""
    if connection.execute(_WAITS, {"key": key}).first() is not None:
        return  # the usual case, without an error that PostgreSQL would log
    try:
        # AlreadyEnqueued leaves the transaction aborted. Only a savepoint that the driver itself has seen saves it:
        # the driver's connection must be taken inside the nested block, or commit() quietly rolls everything back.
        with connection.begin_nested():
            driver = connection.connection.driver_connection
            _app.configure_task(
                name=task, queueing_lock=key, connection=driver, schedule_at=at, queue=task
            ).defer(**arguments)
    except AlreadyEnqueued:
        pass


def hurry(connection: Connection) -> None:
    """Let this transaction wait for nothing longer than shops wait for an answer."""
    connection.execute(_HURRY)


def listen(connection: Connection, shop_id: int) -> None:
    """Wait until everyone who is keeping something for this shop (inbox.keep) has committed or given up."""
    connection.execute(text("SELECT pg_advisory_lock(:room, :shop)"), {"room": 1, "shop": shop_id})
    connection.execute(text("SELECT pg_advisory_unlock(:room, :shop)"), {"room": 1, "shop": shop_id})


def apply_key(shop_id: int) -> str:
    """The key of the job that drains the shop's inbox."""
    return f"apply:{shop_id}"


def apply(connection: Connection, merchant_id: int, shop_id: int, at: datetime | None = None) -> None:
    """Have the shop's inbox drained."""
    later = "" if at is None else ":later"
    defer(
        connection,
        "apply",
        key=f"{apply_key(shop_id)}{later}",
        at=at,
        merchant_id=merchant_id,
        shop_id=shop_id,
    )


def push(connection: Connection, merchant_id: int, shop_id: int, at: datetime | None = None) -> None:
    """Have the shop's outbox drained."""
    later = "" if at is None else ":later"
    defer(connection, "push", key=f"push:{shop_id}{later}", at=at, merchant_id=merchant_id, shop_id=shop_id)


def settle(connection: Connection, merchant_id: int) -> None:
    """Have the merchant's due members settled."""
    defer(connection, "settle", key=f"settle:{merchant_id}", merchant_id=merchant_id)


def import_history(connection: Connection, merchant_id: int, shop_id: int) -> None:
    """Have the shop's history imported, or its import resumed."""
    defer(connection, "import_history", key=f"import:{shop_id}", merchant_id=merchant_id, shop_id=shop_id)


def subscribe(connection: Connection, merchant_id: int, shop_id: int, at: datetime | None = None) -> None:
    """Have the shop told where to send its webhooks."""
    key = f"subscribe:{shop_id}"
    defer(connection, "subscribe", key=key, at=at, merchant_id=merchant_id, shop_id=shop_id)


def look_again(connection: Connection, merchant_id: int, shop_id: int) -> None:
    """Have all that stands on the shop's customers pushed once more."""
    defer(connection, "look_again", key=f"look_again:{shop_id}", merchant_id=merchant_id, shop_id=shop_id)


def reconcile(
    connection: Connection, merchant_id: int, shop_id: int, kind: str, at: datetime | None = None
) -> None:
    """Have the shop read again and what differs settled; `kind` is "window", "full" or "ids"."""
    later = "" if at is None else ":later"
    defer(
        connection,
        "reconcile" if kind == "window" else FULL,
        key=f"reconcile:{kind}:{shop_id}{later}",
        at=at,
        merchant_id=merchant_id,
        shop_id=shop_id,
        kind=kind,
    )


def learn(connection: Connection, merchant_id: int, shop_id: int, name: str) -> None:
    """Have the key fetched that a message of this shop is signed with."""
    key = f"learn:{shop_id}:{name}"
    defer(connection, "learn", key=key, merchant_id=merchant_id, shop_id=shop_id, name=name)


def keep_alive(connection: Connection, merchant_id: int, shop_id: int, at: datetime | None = None) -> None:
    """Have our access to the shop renewed where nobody uses it, or tried where it was refused."""
    key = f"keep_alive:{shop_id}" + ("" if at is None else ":later")
    defer(connection, "keep_alive", key=key, at=at, merchant_id=merchant_id, shop_id=shop_id)
