"""What the tests of the Magento module share: where it lies, and PHP to run it."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
MODULE = ROOT / "adapters" / "magento" / "module"
GROUND = Path(__file__).parent / "php" / "ground.php"


@pytest.fixture(scope="session")
def module() -> Path:
    """The module's folder."""
    return MODULE


@pytest.fixture(scope="session")
def ground() -> Path:
    """The PHP file that lets the module's classes run without Magento."""
    return GROUND


@pytest.fixture(scope="session")
def php() -> str:
    """PHP with its tools; the test is skipped without them, in CI it fails."""
    spec = importlib.util.spec_from_file_location("comeback_tests_php", ROOT / "tests" / "php.py")
    assert spec is not None
    assert spec.loader is not None
    tools = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tools)
    if absent := tools.missing():
        why = f"PHP is not all here: {', '.join(absent)} (make php)"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    return "php"
