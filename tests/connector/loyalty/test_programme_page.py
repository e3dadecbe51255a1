"""The stories in docs/programme.md are played through the rules: every figure on that page is real."""

import re
from pathlib import Path

import pytest

from connector.loyalty.calendar import later
from connector.loyalty.calendar import local as day
from connector.loyalty.terms import suggested
from connector.money import parse

PAGE = Path(__file__).parents[3] / "docs" / "programme.md"
ZONE = "Europe/Amsterdam"
HEAD = "| when | what happens | then |\n|---|---|---|\n"
STORIES = [
    [[cell.strip() for cell in line.strip("|").split("|")] for line in table.split("\n\n")[0].splitlines()]
    for table in PAGE.read_text().split(HEAD)[1:]
]


def cents(text):
    return parse(text, "EUR")


def happens(m, what, now):
    """Let one sentence of a story come true."""
    if not what:
        return
    if found := re.fullmatch(r"order (\w+) of ([\d.]+) is paid(?: with (\w+))?", what):
        codes = (f"CODE{found[3]}",) if found[3] else ()
        m.buys(found[1], cents(found[2]), now, coupon_codes=codes)
    elif found := re.fullmatch(r"([\d.]+) of order (\w+) is refunded", what):
        before = m.orders[1, found[2]].refunded
        m.changes(found[2], refunded=before + cents(found[1]), changed_at=now)
    elif found := re.fullmatch(r"order (\w+) is (cancelled|fulfilled)", what):
        m.changes(found[1], **{f"{found[2]}_at": now}, changed_at=now)
    elif found := re.fullmatch(r"(\d+) points are exchanged as (\w+)", what):
        m.redeems(found[2], int(found[1]), now, until=later(day(now, ZONE), 61, ZONE))
    else:
        pytest.fail(f"the page says what no rule knows: {what}")


def notice(decision):
    """Say what was written by this settlement."""
    said = [
        f"notice {one.days_ahead} days ahead of {one.points} points good until {day(one.good_until, ZONE)}"
        for one in decision.notices
    ]
    return ", ".join(said) or "no notice"


def stands(m, decision, then, now):
    """Return how the member stands, in the words the story uses."""
    standing = decision.standing
    live = [coupon.reward_key for coupon in m.coupons.values() if coupon.state == "live"]
    open_ = [
        coupon.reward_key for coupon in m.coupons.values() if coupon.state == "live" and now < coupon.ends_at
    ]
    if then == "no open coupon":
        return then if not open_ else f"coupons {open_}"
    if found := re.fullmatch(r"no coupon ([\w-]+)", then):
        return then if found[1] not in live else f"coupons {live}"
    if then.startswith("stage"):
        return f"stage {standing.stage}"
    if then.startswith("tag"):
        (carried,) = decision.marks
        return then if then.partition(" ")[2] in carried.marks else f"tags {carried.marks}"
    if then.startswith("term over"):
        return f"term over {day(standing.tier_term_until, ZONE)}"
    if then.startswith("grace over"):
        return f"grace over {day(standing.tier_until, ZONE)}"
    if then.startswith("notice") or then == "no notice":
        return notice(decision)
    if then.startswith("coupon"):
        return f"coupon {then.partition(' ')[2]}" if then.partition(" ")[2] in live else f"only {live}"
    if then.endswith("on hold"):
        return f"{sum(one.points for one in standing.pending)} on hold"
    if then == "no coupon":
        return "no coupon" if not live else f"coupons {live}"
    if "tier" in then:
        return f"tier {standing.tier}" if standing.tier else "no tier"
    return f"balance {standing.balance}"


@pytest.mark.parametrize("story", STORIES, ids=lambda story: f"{story[0][0]} {story[0][1]}")
def test_a_story_of_the_page_comes_true(member, local, story):
    m = member(suggested("EUR"))
    for when, what, then in story:
        now = local(when)
        happens(m, what, now)
        decision = m.settle(now)
        for part in then.split(", "):
            assert stands(m, decision, part, now) == part, (when, what)


def test_the_page_tells_fifteen_stories_with_all_their_lines():
    assert (len(STORIES), sum(len(story) for story in STORIES)) == (15, 79)
    assert all(len(line) == 3 for story in STORIES for line in story)
