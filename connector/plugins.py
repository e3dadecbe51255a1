"""Which platforms are installed: found by entry point, so that the house names none of them."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import cast

from connector.port import Platform, Sandbox

PLATFORMS = "comeback.platforms"
SANDBOXES = "comeback.sandboxes"


class UnknownPlug(Exception):
    """Nothing of this name is installed; the text says what is."""


def platforms() -> dict[str, Platform]:
    """Return every installed platform by its name, in the order of their names."""
    return {point.name: cast(Platform, point.load()) for point in _points(PLATFORMS)}


def platform(name: str) -> Platform:
    """Return one installed platform; raise UnknownPlug."""
    return cast(Platform, _point(PLATFORMS, name).load())


def sandboxes() -> tuple[str, ...]:
    """Return the names of the installed sandboxes."""
    return tuple(point.name for point in _points(SANDBOXES))


def sandbox(name: str) -> Sandbox:
    """Return one installed sandbox; raise UnknownPlug."""
    return cast(Sandbox, _point(SANDBOXES, name).load())


def _points(group: str) -> list[EntryPoint]:
    return sorted(entry_points(group=group), key=lambda point: point.name)


def _point(group: str, name: str) -> EntryPoint:
    points = _points(group)
    for point in points:
        if point.name == name:
            return point
    kind, there = group.rpartition(".")[2], ", ".join(point.name for point in points) or "none"
    raise UnknownPlug(f"{name!r} is not among the installed {kind} ({there})")
