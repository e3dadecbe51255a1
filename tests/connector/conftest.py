"""A house that knows one platform, on paper."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


def _load() -> ModuleType:
    """Test folders are no packages, so that a module beside them is loaded by its path."""
    spec = importlib.util.spec_from_file_location("paper", Path(__file__).parents[1] / "paper.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_paper = _load()
env, house, shop = _paper.env, _paper.house, _paper.shop


@pytest.fixture
def paper() -> ModuleType:
    """The platform on paper."""
    return _paper
