"""The words of the shopper's page, in English and Dutch."""

from collections.abc import Mapping

ENGLISH = {
    "title": "Your points at {shop}",
    "stranger": "Sign in to see your points and rewards.",
    "sign_in": "Sign in",
    "empty": "You have no points yet. They come with your first order.",
    "balance": "Points to spend",
    "owed": "Owed after a refund; your next points settle it.",
    "pending": "{points} more are on their way.",
    "tier": "Your level",
    "ahead": "{amount} more takes you to {tier}.",
    "there": "Your next order takes you to {tier}.",
    "rewards": "Rewards",
    "costs": "{points} points",
    "missing": "{points} points to go",
    "exchange": "Exchange",
    "made": "Your code is {code}. It works within a minute or two.",
    "not_now": "This cannot be exchanged right now. Nothing was taken.",
    "busy": "This page was asked for too often. Try again in {seconds} seconds.",
    "nothing_done": "Nothing was exchanged.",
    "again": "Try again",
    "codes": "Your codes",
    "until": "until {day}",
    "history": "History",
    "day": "Day",
    "points": "Points",
    "why": "Why",
    "older": "Older",
    "newer": "Newer",
}
DUTCH = {
    "title": "Je punten bij {shop}",
    "stranger": "Log in om je punten en beloningen te zien.",
    "sign_in": "Inloggen",
    "empty": "Je hebt nog geen punten. Die komen met je eerste bestelling.",
    "balance": "Punten om te besteden",
    "owed": "Nog te verrekenen na een terugbetaling; je volgende punten lossen het op.",
    "pending": "Er zijn er nog {points} onderweg.",
    "tier": "Je niveau",
    "ahead": "Nog {amount} tot {tier}.",
    "there": "Met je volgende bestelling bereik je {tier}.",
    "rewards": "Beloningen",
    "costs": "{points} punten",
    "missing": "nog {points} punten",
    "exchange": "Inwisselen",
    "made": "Je code is {code}. Hij werkt binnen een minuut of twee.",
    "not_now": "Dit kan nu niet worden ingewisseld. Er is niets afgeschreven.",
    "busy": "Deze pagina is te vaak opgevraagd. Probeer het over {seconds} seconden nog eens.",
    "nothing_done": "Er is niets ingewisseld.",
    "again": "Opnieuw proberen",
    "codes": "Je codes",
    "until": "tot en met {day}",
    "history": "Geschiedenis",
    "day": "Dag",
    "points": "Punten",
    "why": "Waarom",
    "older": "Ouder",
    "newer": "Nieuwer",
}
LANGUAGES = ("en", "nl")


def phrases(language: str) -> Mapping[str, str]:
    """Return the words of a language; English where there are none."""
    return DUTCH if language == "nl" else ENGLISH
