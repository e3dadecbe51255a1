"""How often Python looks for rubbish that still points at itself.

Records hold no cycles, and what holds none goes at once. Python looks for some all the same, again and again through
everything that a process has loaded: a sixth of an import.
"""

import gc

NEW = 10_000  # things that may come before the newest are looked through; Python's own figure is 700


def seldom() -> None:
    """Leave out what is here from now on, and look through what comes only when it is much; for a process's start."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW, 10, 10)
