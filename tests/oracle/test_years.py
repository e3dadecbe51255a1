"""Years of real customers' lives: a worker that looks in hourly, one that comes daily and one that sleeps for forty days
at a time have the same books whenever the sleeper wakes.

COMEBACK_LIVES=1 lives the life of every customer of the shipped histories (about every twentieth by default);
COMEBACK_LIVES_WHOLE=3 that of every third customer of the whole ones (every two hundredth by default).
"""

import os
from datetime import datetime, timedelta
from itertools import chain

import pytest
from lives import EVERY, Life, Worker, cdnow, lives, retail

EVERY_LIFE = int(os.environ.get("COMEBACK_LIVES") or 20)
EVERY_WHOLE_LIFE = int(os.environ.get("COMEBACK_LIVES_WHOLE") or 200)


def common(life: Life) -> list[datetime]:
    """The moments at which the sleeping worker may wake."""
    sleeper = Worker(life, EVERY["sleeping"])
    first, found = sleeper.at, []
    while first <= life.end + EVERY["sleeping"]:
        found.append(first)
        first += EVERY["sleeping"]
    return found


def differing(one: Worker, other: Worker, now: datetime) -> list[str]:
    """Say in what the books of two workers differ now."""
    found = []
    if +one.points != +other.points or -one.points != -other.points:
        found.append(f"sums {dict(one.points - other.points)} {dict(other.points - one.points)}")
    # An order that was told otherwise later has one entry or two; all others are dated alike.
    alike = set(one.points) & set(other.points) if one.life.only_grows else set()
    alike = {source for source in alike if source.startswith(("order:", "expiry:", "adjustment:"))}
    moments = [source for source in alike if one.moments[source] != other.moments[source]]
    if moments:
        found.append(f"moments of {moments}")
    if codes := unlike(one, other, now):
        found.append(f"coupons {codes}")
    if one.life.only_grows and one.notices != other.notices:
        found.append(f"notices {set(one.notices.items()) ^ set(other.notices.items())}")
    mine, theirs = one.last, other.last
    assert mine is not None
    assert theirs is not None
    if (mine.standing, mine.marks) != (theirs.standing, theirs.marks):
        found.append(f"standing {mine.standing} {theirs.standing}")
    if mine.ask_again_at != theirs.ask_again_at:
        found.append(f"next {mine.ask_again_at} {theirs.ask_again_at}")
    return found


def unlike(one: Worker, other: Worker, now: datetime) -> list[tuple[int, str, str]]:
    """Return the coupons that can be used now in the books of one of them, and not just so in the other's.

    An order that is undone later changes the rhythm before it. A win-back that was given by then keeps its dates; whoever
    slept meanwhile gives it by the rhythm as it is known now. So of such lives only that both gave it is asked.
    """
    mine, theirs = one.usable(now), other.usable(now)
    differ = [key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key)]
    if one.life.only_grows:
        return differ
    both = one.coupons.keys() & other.coupons.keys()
    return [key for key in differ if not (key[1].startswith("lapse:") and key in both)]


def live(life: Life) -> dict[str, int]:
    """Let one customer live three times; return what happened, after comparing the books at every waking."""
    hourly, daily, sleeping = (Worker(life, every) for every in EVERY.values())
    for now in common(life):
        for worker in (hourly, daily, sleeping):
            worker.live_until(now)
        for worker in (daily, sleeping):
            assert differing(hourly, worker, now) == [], (life.customer, life.shop.timezone, now)
    return {
        "lives": 1,
        "looks hourly": hourly.looks,
        "looks sleeping": sleeping.looks,
        "win-backs": sum(key[1].startswith("lapse:") for key in hourly.coupons),
        "notices": len(hourly.notices),
        "lost": hourly.last is not None and hourly.last.standing.stage == "lost",
    }


def all_together(many) -> dict[str, int]:
    sums: dict[str, int] = {}
    for life in many:
        for name, count in live(life).items():
            sums[name] = sums.get(name, 0) + count
    print(sums)
    return sums


@pytest.mark.parametrize("shop", ["music", "gifts"])
def test_hourly_daily_and_after_forty_days_sleep_the_books_are_the_same(shop):
    bought = cdnow() if shop == "music" else retail()
    sums = all_together(lives(bought, 1 % EVERY_LIFE, EVERY_LIFE))
    assert sums["lives"] >= 600 // EVERY_LIFE
    assert sums["looks sleeping"] < sums["looks hourly"] / 2
    assert sums["win-backs"] > sums["lives"] / 4
    assert sums["notices"] > 2 * sums["lives"]
    assert sums["lost"] > sums["lives"] * 4 // 5, "two years after their last order hardly anybody is left"


@pytest.mark.timeout(7200)
def test_so_it_is_for_the_whole_histories(shared):
    music = lives(cdnow(shared / "data" / "CDNOW_master.txt.gz"), 0, EVERY_WHOLE_LIFE)
    gifts = lives(retail(shared / "data" / "uci_online_retail.csv.xz"), 0, EVERY_WHOLE_LIFE)
    assert all_together(chain(music, gifts))["lives"] > 20_000 // EVERY_WHOLE_LIFE


def test_a_worker_that_is_asked_too_late_is_noticed():
    """The comparison can fail: one day's sleep more, and the books differ somewhere."""
    late = [life for life in lives(cdnow(), 1, 40) if differing_when_late(life)]
    assert len(late) > 5


def differing_when_late(life: Life) -> bool:
    hourly, late = Worker(life, EVERY["hourly"]), Worker(life, EVERY["daily"])
    for now in common(life)[:20]:
        hourly.live_until(now)
        late.live_until(now - timedelta(days=20))
        if late.last and differing(hourly, late, now):
            return True
    return False
