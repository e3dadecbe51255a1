"""What a drill counts, and the table of it: run as a program, it writes the last drill's table into docs/drill.md.

COMEBACK_DRILL names the file to which the tests add a line for each fault.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import msgspec

HEAD = """# The drill

`make drill` does each of these with a real PostgreSQL and shops on this machine, and writes this page. What happens to
PostgreSQL, web, worker and disks happens to processes of their own. What shops and clocks do is tried on a house whose clock
the test moves, with short time-outs, so that an hour takes no hour.
Seconds: from the end of the fault until all was as if it had not been.
Sent: messages brought to the door, repeats included. Kept: answered 200. Lost: answered 200 and not applied afterwards.
Twice: booked more than once. Right: every member, tag and code agrees with the shops by the judge of the tests.

| fault | sent | kept | refused | applied | lost | twice | right | seconds |
|---|---|---|---|---|---|---|---|---|
"""


class Count(msgspec.Struct, frozen=True):
    """What one fault came to. `seconds`: from the end of the fault until all was as if it had not been."""

    fault: str
    sent: int
    kept: int
    applied: int
    lost: int
    twice: int
    right: bool
    seconds: float

    @property
    def refused(self) -> int:
        """Messages that were not answered 200; a shop sends them again."""
        return self.sent - self.kept


def add(count: Count) -> None:
    """Keep the count for the table, where one is wanted, and say it."""
    print(row(count))
    if path := os.environ.get("COMEBACK_DRILL"):
        with Path(path).open("ab") as file:
            file.write(msgspec.json.encode(count) + b"\n")


def row(count: Count) -> str:
    """The line of the table."""
    figures = (count.sent, count.kept, count.refused, count.applied, count.lost, count.twice)
    right = "yes" if count.right else "NO"
    return f"| {count.fault} | {' | '.join(map(str, figures))} | {right} | {count.seconds:.1f} |"


def page(counts: list[Count]) -> str:
    """The whole page."""
    rows = "\n".join(map(row, counts))
    kept, lost, twice = (sum(getattr(one, name) for one in counts) for name in ("kept", "lost", "twice"))
    told = f"{len(counts)} faults, {kept} messages kept: {lost} lost, {twice} twice."
    return f"{HEAD}{rows}\n\n{told} Last run with Python {platform.python_version()} on {os.cpu_count()} cores.\n"


if __name__ == "__main__":
    drilled, written = map(Path, sys.argv[1:])
    told = page([msgspec.json.decode(line, type=Count) for line in drilled.read_bytes().splitlines()])
    written.write_text(told)
    print(told)
