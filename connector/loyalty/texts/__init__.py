"""The programme's sentences, one table a language. A "|" parts the form for one from the form for all other numbers."""

from connector.loyalty.texts import en, nl

TEXTS: dict[str, dict[str, str]] = {"en": en.TEXTS, "nl": nl.TEXTS}
