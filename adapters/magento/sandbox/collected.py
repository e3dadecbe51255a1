"""Finding the modules of this folder that bring routes: whoever adds a file adds its routes."""

import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType

_HERE = Path(__file__).parent


def modules(beginning: str) -> list[ModuleType]:
    """Import every module here whose name begins so, in the order of their names."""
    names = sorted(one.name for one in pkgutil.iter_modules([str(_HERE)]) if one.name.startswith(beginning))
    return [import_module(f"{__package__}.{name}") for name in names]
