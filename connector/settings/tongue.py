"""The page's language: one door to the translations, so that everything else stays typed.

Texts are marked with `_` (here and in the templates). After changing one:

    cd connector/settings
    pybabel extract -F babel.cfg -k _n:1,2 --no-location --sort-output -o /tmp/settings.pot .
    pybabel update -i /tmp/settings.pot -d translations --no-fuzzy-matching
    pybabel compile -d translations
"""

from typing import Literal

from babel import Locale
from flask import request, session
from flask_babel import get_locale, gettext, ngettext

Language = Literal["en", "nl"]
LANGUAGES: dict[Language, str] = {"en": "English", "nl": "Nederlands"}


def _(text: str, **values: object) -> str:
    """Return the text in the page's language."""
    return str(gettext(text, **values))


def _n(one: str, many: str, num: int, **values: object) -> str:
    """Return the text for one or for many; `num` can stand in it."""
    return str(ngettext(one, many, num, **values))


def locale() -> Locale:
    """Return how the page writes numbers and dates."""
    return get_locale() or Locale("en")


def language() -> Language:
    """Return the page's language."""
    return "nl" if locale().language == "nl" else "en"


def chosen(suggested: str | None = None) -> Language:
    """Return the language to use: what this browser chose, else the merchant's, else what the browser prefers."""
    wishes = (session.get("language"), suggested, request.accept_languages.best_match(list(LANGUAGES)))
    for wish in wishes:
        if wish in LANGUAGES:
            return "nl" if wish == "nl" else "en"
    return "en"


def start_over() -> None:
    """Empty the session, signed in or not; the language this browser chose stays."""
    wish = session.get("language")
    session.clear()
    if wish in LANGUAGES:
        session["language"] = wish
