"""What the tests of the Magento module share: where it lies."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def module() -> Path:
    """The module's folder."""
    return Path(__file__).parents[4] / "adapters" / "magento" / "module"


@pytest.fixture(scope="session")
def ground() -> Path:
    """The PHP file that lets the module's classes run without Magento."""
    return Path(__file__).parent / "php" / "ground.php"
