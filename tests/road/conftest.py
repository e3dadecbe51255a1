"""The whole road on this machine: shops, Comeback in them, and the judge; tests are modules without a package."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_HERE = Path(__file__).parent
sys.path[:0] = [str(_HERE), str(_HERE.parent / "oracle")]


@pytest.fixture
def street(database: Any) -> Iterator[Any]:
    """Comeback's web and both sandbox shops in this process, connected, without a past and without a worker."""
    from street import Street

    with Street(database) as opened:
        yield opened


@pytest.fixture
def block(street: Any) -> Any:
    """The street with a programme that has been counted on, for a drill."""
    from block import Block

    return Block(street)
