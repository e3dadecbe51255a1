"""The README's pictures, made anew on request: `pytest tests/connector/settings/pictures.py` writes docs/images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page
from sqlalchemy import update

from connector.store.tables import inbox, runs

TALL = {"overview": 1400, "programme": 1000}
FOLDER = Path(__file__).parents[3] / "docs" / "images"


def test_pictures_for_the_readme(town: Any, fair: Any, enter: Callable[..., Page], url: str) -> None:
    fair.furnish(town)
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(update(runs).values(state="done", message=None))
        tx.run(update(inbox).values(state="applied", result="Order kept and settled."))
    FOLDER.mkdir(exist_ok=True)
    for name, language, size, scheme, address in (
        ("overview", "en", "desktop", "light", "/"),
        ("overview-dark", "en", "desktop", "dark", "/"),
        ("overview-phone", "nl", "phone", "light", "/"),
        ("programme", "en", "desktop", "light", "/settings/programme"),
        ("member", "en", "desktop", "light", f"/settings/members/{town.star[0]}"),
        ("activity", "en", "desktop", "light", "/settings/activity"),
    ):
        page = enter(language, size, scheme)
        page.goto(url + address)
        if size == "desktop":
            page.set_viewport_size({"width": 1280, "height": TALL.get(name, 860)})
        page.screenshot(path=FOLDER / f"{name}.png")
