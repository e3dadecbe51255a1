"""What all processes counted, one row each, and which processes there are."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from connector.store.tables import processes, tallies

ALIVE = timedelta(minutes=1)  # six signs of life
Named = tuple[str, str]  # a name and its labels


class Process(msgspec.Struct, frozen=True):
    """A process that runs or ran lately."""

    id: str
    kind: str
    version: str
    started_at: datetime
    seen_at: datetime

    def runs(self, now: datetime) -> bool:
        """Tell whether it was seen so lately that it may be taken to run."""
        return now - self.seen_at <= ALIVE

    @property
    def lock(self) -> str:
        """The name of the lock that a worker holds as long as it runs (Database.alone)."""
        return lock_of(self.id)


def lock_of(process_id: str) -> str:
    """Return the name of the lock of the process of this number."""
    return f"process {process_id}"


def add(connection: Connection, counted: Mapping[Named, float]) -> None:
    """Add to what was counted before."""
    # In one order: two processes that add at once would otherwise wait for each other's rows for ever.
    for name, labels in sorted(counted):
        row = upsert(tallies).values(name=name, labels=labels, value=counted[name, labels])
        connection.execute(
            row.on_conflict_do_update(
                index_elements=["name", "labels"], set_={"value": tallies.c.value + row.excluded.value}
            )
        )


def every(connection: Connection) -> dict[Named, float]:
    """Return everything that was ever counted."""
    rows = connection.execute(select(tallies).order_by(tallies.c.name, tallies.c.labels))
    return {(row.name, row.labels): row.value for row in rows}


def show_life(connection: Connection, process: Process, forget: timedelta) -> None:
    """Note that the process lives, and forget those that have not been seen for so long."""
    row = upsert(processes).values(**msgspec.structs.asdict(process))
    connection.execute(
        row.on_conflict_do_update(index_elements=["id"], set_={"seen_at": row.excluded.seen_at})
    )
    connection.execute(delete(processes).where(processes.c.seen_at < process.seen_at - forget))


def leave(connection: Connection, process_id: str) -> None:
    """Note that the process ended in good order."""
    connection.execute(delete(processes).where(processes.c.id == process_id))


def alive(connection: Connection) -> tuple[Process, ...]:
    """Return the processes that have not been forgotten."""
    rows = connection.execute(select(processes).order_by(processes.c.started_at))
    return tuple(Process(**row._mapping) for row in rows)
