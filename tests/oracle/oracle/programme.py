"""Which version of the programme speaks when; versions are their JSON, as they are stored."""

from datetime import datetime

from .days import moment


def at(versions: list[dict], when: datetime) -> dict:
    """The last version that has started by then; before the first one starts, the first one."""
    started = [one for one in versions if moment(one["starts_at"]) <= when]
    return started[-1] if started else versions[0]


def numbered(versions: list[dict], number: int) -> dict:
    """The version of that number."""
    return next(one for one in versions if one["number"] == number)


def currency(terms: dict, code: str) -> dict | None:
    """How the programme counts in a currency; None where it does not."""
    found = [one for one in terms["currencies"] if one["currency"] == code]
    return found[0] if found else None
