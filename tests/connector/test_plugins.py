"""Platforms and sandboxes are found by what is installed, not by name in the code."""

from __future__ import annotations

import pytest

from connector import plugins


def test_every_installed_platform_answers_to_its_own_name() -> None:
    found = plugins.platforms()
    assert len(found) >= 2
    assert {name: platform.name for name, platform in found.items()} == {name: name for name in found}


def test_every_platform_has_a_sandbox() -> None:
    assert set(plugins.sandboxes()) == set(plugins.platforms())
    assert {plugins.sandbox(name).name for name in plugins.sandboxes()} == set(plugins.sandboxes())


def test_an_unknown_name_is_answered_with_those_that_are_there() -> None:
    with pytest.raises(plugins.UnknownPlug, match=r"'paper' is not among the installed platforms \(.+, .+\)"):
        plugins.platform("paper")
    with pytest.raises(plugins.UnknownPlug, match="sandboxes"):
        plugins.sandbox("paper")
