"""What should have been said before points ended: by looking into the purse on each of those days."""

from datetime import datetime, timedelta

from . import points, programme
from .days import local_day, moment, start_of
from .rhythm import setting, zone_of


def zone_of_source(source: str, truth: dict) -> str:
    kind, _, name = source.partition(":")
    if kind == "order":
        return zone_of(truth, int(name.partition(":")[0]))
    if kind == "redemption":
        return zone_of(truth, next(one["shop_id"] for one in truth["redemptions"] if one["id"] == name))
    return truth["shops"][0]["timezone"]


def moments(purse: points.Purse, truth: dict, versions: list[dict]) -> list[tuple]:
    """For every lot that ever was: the moments at which something may be said of its end."""
    found = set()
    first = moment(versions[0]["starts_at"])
    for source, ends, born in purse.born:
        if ends is None:
            continue
        zone = zone_of_source(source, truth)
        last_day = local_day(ends - timedelta(seconds=1), zone)
        for version in versions:
            ahead = sorted(set(setting(version["terms"], "notice_days")), reverse=True)
            for place, days in enumerate(ahead):
                when = start_of(last_day - timedelta(days=days), zone)
                good = ends
                if place + 1 < len(ahead):
                    good = start_of(last_day - timedelta(days=ahead[place + 1]), zone)
                if when >= born and when >= first and programme.at(versions, when) is version:
                    found.add((when, ends, days, good))
    return sorted(found)


def told(truth: dict, versions: list[dict], now: datetime) -> tuple[dict, list[datetime]]:
    """The notices written by now (key: moment, end, points, days, good until), and the moments of those to come."""
    purse, _ = points.tell(truth, versions, now)
    all_of_them = moments(purse, truth, versions)
    looks = sorted({one[0] for one in all_of_them if one[0] <= now})
    counts = points.seen_at(truth, versions, now, looks)
    said: dict = {}
    for when, ends, days, good in all_of_them:
        key = f"points_expire:{ends.isoformat().replace('+00:00', 'Z')}:{days}"
        if when <= now and key not in said and counts[when].get(ends, 0) > 0:
            said[key] = (when, ends, counts[when][ends], days, good)
    left = {token.ends for token in purse.tokens}
    coming = [
        when
        for when, ends, days, _ in all_of_them
        if when > now
        and ends in left
        and f"points_expire:{ends.isoformat().replace('+00:00', 'Z')}:{days}" not in said
    ]
    return said, coming
