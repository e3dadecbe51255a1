"""What every page shares: the navigation, the language switch, and the words and figures that templates may use."""

import hashlib
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from connector.settings import show, words
from connector.settings.door import House
from connector.settings.tongue import LANGUAGES, _, language

_STATIC = Path(__file__).parent / "static"


def furnish(pages: Blueprint, house: House) -> None:
    """Give the templates what they share, and mount the language switch."""
    for name, write in show.FILTERS.items():
        pages.add_app_template_filter(write, name)
    for name, told in (words.FILTERS | words.LISTS).items():
        pages.add_app_template_filter(told, name)

    @pages.app_context_processor
    def shared() -> dict[str, object]:
        return {
            "merchant": g.get("merchant"),
            "framing": g.get("framing"),
            "language": language(),
            "languages": LANGUAGES,
            "now": house.now(),
            "asset": asset,
            "here": here,
            "back": back,
            "navigation": navigation,
        }

    @pages.post("/settings/language")
    def speak() -> Response:
        if (wish := request.form.get("language")) in LANGUAGES:
            session["language"] = wish
        return redirect(inside(request.form.get("next", "")), 303)


def navigation() -> list[tuple[str, str, str]]:
    """Return the rooms of the house: name, address, title."""
    return [
        ("overview", url_for("settings.overview"), _("Overview")),
        ("programme", url_for("settings.programme"), _("Programme")),
        ("members", url_for("settings.members"), _("Members")),
        ("coupons", url_for("settings.coupons"), _("Codes")),
        ("activity", url_for("settings.activity"), _("Activity")),
    ]


def here(**changes: object) -> str:
    """Return this page's address with some of its questions changed; None leaves one out."""
    asked = {**request.args.to_dict(), **changes}
    kept = {name: value for name, value in asked.items() if value not in (None, "")}
    return f"{request.path}?{urlencode(kept)}" if kept else request.path


def back() -> str:
    """Return the address that shows this page again, in whatever language is chosen; what a form was sent to lies one step
    below it."""
    return here(lang=None) if request.method == "GET" else request.path.rpartition("/")[0] or "/"


def inside(address: str) -> str:
    """Return the address if it is one of ours, else the overview: nobody is sent elsewhere by a form."""
    parts = urlsplit(address)
    ours = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.netloc
    return address if ours else url_for("settings.overview")


def asset(name: str) -> str:
    """Return the address of a static file; it changes with the file, so that browsers may keep it."""
    return url_for("static", filename=name, v=_fingerprint(name))


@lru_cache(maxsize=32)
def _fingerprint(name: str) -> str:
    return hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:10]
