"""Python looks for rubbish seldom, and still finds it."""

import subprocess
import sys

_ASKED = """
import gc, weakref
from connector import rubbish

class Cycle:
    def __init__(self):
        self.me = self

rubbish.seldom()
frozen, found = gc.get_freeze_count(), weakref.ref(Cycle())
few = [[] for _ in range(1_000)]
there = found() is not None
many = [[] for _ in range(2 * rubbish.NEW)]
print(frozen > 1_000, there, found() is None)
"""


def test_what_points_at_itself_goes_once_much_else_has_come() -> None:
    asked = [sys.executable, "-c", _ASKED]
    said = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.split() == ["True", "True", "True"]
