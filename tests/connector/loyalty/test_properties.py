"""What holds for every member, however the facts arrived: told on made-up lives of orders, coupons and refunds."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.loyalty.entries import recompute
from connector.loyalty.facts import Adjustment, Redemption, Shop
from connector.loyalty.terms import (
    CurrencyTerms,
    NthOrder,
    Redeemable,
    Reward,
    StageTags,
    Terms,
    Tier,
    Version,
    WinBack,
)
from connector.records import LineItem, Order

CHANGE = msgspec.structs.replace
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
END = BEGIN + timedelta(500)
SHOPS = (Shop(1, "EUR", "Europe/Amsterdam", "tags"), Shop(2, "USD", "America/New_York", "group"))
TERMS = Terms(
    currency="EUR",
    currencies=(CurrencyTerms("EUR"), CurrencyTerms("USD", earn_step=120, rate=900_000)),
    expiry_months=3,
    tiers=(Tier("Silver", 60_00, "silver"), Tier("Gold", 150_00, "gold")),
    tier_window_months=4,
    tier_term_months=2,
    nth_orders=(
        NthOrder("second", "For the second", 1, Reward("amount", 2_50, valid_days=600)),
        NthOrder("third", "For the third", 2, Reward("free_shipping", valid_days=90)),
    ),
    redeemables=(Redeemable("five-off", "5.00 off", 50, Reward("amount", 5_00)),),
    returning_tag="back",
    usual_gap=25,
    lapse_min_days=10,
    stage_tags=StageTags("new", "second", "regular", "loyal", "lapsing", "lost"),
    win_back=WinBack("win", "Come back", Reward("percentage", 10_00, valid_days=30)),
)

moments = st.integers(0, 400 * 24).map(lambda hours: BEGIN + timedelta(hours=hours))
amounts = st.integers(0, 120_00)


@st.composite
def programmes(draw):
    """One or two versions; the first one started before everything."""
    first = CHANGE(
        TERMS,
        hold_days=draw(st.sampled_from([0, 14, 30])),
        expiry_months=draw(st.sampled_from([0, 1, 3])),
        base=draw(st.sampled_from(["including_tax", "excluding_tax"])),
        returned_days=draw(st.sampled_from([0, 30])),
        win_back=draw(st.sampled_from([None, TERMS.win_back])),
        notice_days=draw(st.sampled_from([(), (7,), (1, 30, 60)])),
    )
    counts_from = draw(st.sampled_from([BEGIN - timedelta(1), BEGIN + timedelta(60)]))
    versions = [Version(1, BEGIN - timedelta(1), counts_from, first)]
    if draw(st.booleans()):
        second = CHANGE(
            first,
            earn_points=2,
            tiers=TERMS.tiers[1:],
            nth_orders=TERMS.nth_orders[1:],
            hold_days=7,
            lapse_min_days=40,
            win_back=draw(st.sampled_from([None, TERMS.win_back])),
            notice_days=(14,),
        )
        starts_at = draw(moments)
        versions.append(Version(2, starts_at, starts_at, second))
    return tuple(versions)


@st.composite
def lives_of_an_order(draw, id, codes):
    """The states an order goes through, older first: paid, perhaps fulfilled, refunded, cancelled, unpaid."""
    shop = draw(st.sampled_from(SHOPS))
    paid, goods, shipping = draw(moments), draw(amounts), draw(st.sampled_from([0, 4_95]))
    lines = (LineItem("1", "Soap", 2, 2, goods, goods // 6),)
    order = Order(
        id=id,
        number=f"#{id}",
        currency=shop.currency,
        placed_at=paid,
        changed_at=paid,
        total=goods + shipping,
        lines=lines,
        customer_id=draw(st.sampled_from([f"c{shop.id}", None])),
        paid_at=paid,
        coupon_codes=draw(st.sampled_from([(), *((code,) for code in codes)])),
        test=draw(st.integers(0, 9)) == 0,
    )
    states = [order]
    kinds = ("fulfil", "refund", "line", "cancel", "unpaid")
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=3)):
        later = states[-1].changed_at + timedelta(hours=draw(st.integers(1, 60 * 24)))
        change = {
            "fulfil": {"fulfilled_at": later},
            "refund": {"refunded": min(order.total, states[-1].refunded + draw(amounts))},
            "line": {"lines": (CHANGE(lines[0], current_quantity=1),)},
            "cancel": {"cancelled_at": later},
            "unpaid": {"paid_at": None},
        }[kind]
        states.append(CHANGE(states[-1], changed_at=later, **change))
    return [(shop.id, state) for state in states]


@st.composite
def acts(draw, id):
    if draw(st.booleans()):
        return Adjustment(f"a{id}", draw(moments), draw(st.integers(-80, 80).filter(bool)), "staff", "why", 1)
    at = draw(moments)
    refused = draw(st.booleans())
    return Redemption(
        id=f"r{id}",
        at=at,
        points=draw(st.integers(1, 120)),
        reward_key="five-off",
        reward=Reward("amount", 5_00),
        shop_id=draw(st.sampled_from([1, 2])),
        customer_id="c1",
        version=1,
        code=f"CODEr{id}",
        coupon_ends_at=at + timedelta(draw(st.integers(1, 90))),
        actor="shopper",
        state="refused" if refused else "open",
        closed_at=at + timedelta(minutes=draw(st.integers(0, 90))) if refused else None,
    )


@st.composite
def lives(draw):
    """A programme, and everything that will ever be known of one member, as single messages."""
    versions = draw(programmes())
    done = [draw(acts(n)) for n in range(draw(st.integers(0, 4)))]
    codes = [act.code for act in done if isinstance(act, Redemption)]
    orders = [draw(lives_of_an_order(str(n), codes)) for n in range(draw(st.integers(0, 6)))]
    return versions, [state for states in orders for state in states], done


def told(member, life):
    m = member(TERMS, shops=SHOPS)
    m.versions = life[0]
    return m


def hears(m, message):
    """Take a message in as the house does: an older state of an order is ignored."""
    if not isinstance(message, tuple):
        m.acts[message.source] = message
        return
    shop, order = message
    known = m.orders.get((shop, order.id))
    if known is None or known.changed_at < order.changed_at:
        m.knows(order, shop)


def grows(life):
    """Return the life without what changes later: every order as it was paid, and no coupon refused or used."""
    versions, states, done = life
    first = {(shop, order.id): order for shop, order in reversed(states)}
    orders = [(shop, CHANGE(order, coupon_codes=())) for (shop, _), order in first.items()]
    acts = [CHANGE(act, state="open", closed_at=None) if isinstance(act, Redemption) else act for act in done]
    return versions, orders, acts


def lives_under(m, life, every):
    """Let the member live to the end under a worker that looks in every so many hours, and sees what happened by then."""
    facts = sorted(
        [(order.paid_at, (shop, order)) for shop, order in life[1]] + [(act.at, act) for act in life[2]],
        key=lambda fact: fact[0],
    )
    due = BEGIN
    for hour in range(0, 480 * 24 + 1, every):
        now = BEGIN + timedelta(hours=hour)
        news = [message for at, message in facts if at <= now]
        facts = facts[len(news) :]
        for message in news:
            hears(m, message)
        if news or (due is not None and due <= now):
            due = m.settle(now).ask_again_at
    return m


def knows_all(member, life):
    m = told(member, life)
    for message in (*life[1], *life[2]):
        hears(m, message)
    return m


def live_coupons(m, now):
    return {key[:3] for key, coupon in m.coupons.items() if coupon.state == "live" and now < coupon.ends_at}


@settings(max_examples=250, deadline=None)
@given(lives(), st.data())
def test_whatever_is_known_when_the_end_is_as_if_all_had_been_known_at_once(member, life, data):
    m = told(member, life)
    messages = data.draw(st.permutations([*life[1], *life[2]]))
    now = BEGIN
    for message in messages:
        hears(m, message)
        if data.draw(st.booleans()):
            now += timedelta(hours=data.draw(st.integers(0, 40 * 24)))
            m.balance(min(now, END))
    slept = knows_all(member, life)
    last, at_once = m.settle(END), slept.settle(END)
    assert (last.standing, last.marks) == (at_once.standing, at_once.marks)
    assert +m.points == +slept.points
    assert -m.points == -slept.points
    assert live_coupons(m, END) == live_coupons(slept, END)
    assert last.ask_again_at == at_once.ask_again_at


@settings(max_examples=250, deadline=None)
@given(lives(), moments)
def test_deciding_again_at_once_finds_nothing_and_the_books_agree(member, life, now):
    m = knows_all(member, life)
    first = m.settle(now)
    assert sum(entry.points for entry in first.entries) == first.standing.balance == m.points.total()
    assert sum(lot.left for lot in first.standing.lots) == max(first.standing.balance, 0)
    assert all(
        lot.left > 0 and (lot.expires_at is None or now < lot.expires_at) for lot in first.standing.lots
    )
    again = m.settle(now)
    assert (again.entries, again.coupons, again.revoke, again.notices) == ((), (), (), ())
    assert (again.standing, again.marks, again.ask_again_at) == (
        first.standing,
        first.marks,
        first.ask_again_at,
    )


@settings(max_examples=150, deadline=None)
@given(lives(), moments)
def test_nothing_changes_before_the_moment_it_asked_for(member, life, now):
    m = knows_all(member, life)
    # Only what has happened by now: what a message dates later would be news of its own.
    m.orders = {key: order for key, order in m.orders.items() if order.changed_at <= now}
    m.acts = {
        key: act
        for key, act in m.acts.items()
        if act.at <= now and (getattr(act, "closed_at", None) or now) <= now
    }
    first = m.settle(now)
    until = first.ask_again_at or END + timedelta(5000)
    assert until > now
    before = m.decide(until - timedelta(seconds=1))
    assert (before.entries, before.coupons, before.revoke, before.notices) == ((), (), (), ())
    assert (before.standing, before.marks, before.ask_again_at) == (
        first.standing,
        first.marks,
        first.ask_again_at,
    )


@settings(max_examples=60, deadline=None)
@given(lives())
def test_hourly_daily_or_after_forty_days_the_end_is_the_same(member, life):
    life = grows(life)
    hourly, daily, sleeping = (lives_under(told(member, life), life, every) for every in (1, 24, 40 * 24))
    end = BEGIN + timedelta(480)  # when the sleeper woke last
    for m in (daily, sleeping):
        assert +m.points == +hourly.points
        assert -m.points == -hourly.points
        assert live_coupons(m, end) == live_coupons(hourly, end)
        mine = {one for one in m.notices if one.moment <= end}
        assert mine == {one for one in hourly.notices if one.moment <= end}
        assert m.decide(END).standing == hourly.decide(END).standing


@settings(max_examples=150, deadline=None)
@given(lives(), st.lists(moments, min_size=1, max_size=5).map(sorted))
def test_every_entry_recomputes_from_its_inputs_and_none_is_dated_after_its_run(member, life, runs):
    m = knows_all(member, life)
    for now in runs:
        decision = m.settle(now)
        dates = [entry.moment for entry in decision.entries]
        assert dates == sorted(dates)
        assert all(moment <= now for moment in dates)
        for entry in decision.entries:
            stored = msgspec.json.decode(msgspec.json.encode(entry.inputs), type=type(entry.inputs))
            assert recompute(stored) == entry.points != 0


@settings(max_examples=100, deadline=None)
@given(lives(), st.randoms())
def test_the_order_in_which_facts_are_listed_does_not_matter(member, life, chance):
    m = knows_all(member, life)
    one = m.decide(END)
    for known in ("orders", "acts"):
        items = list(getattr(m, known).items())
        chance.shuffle(items)
        setattr(m, known, dict(items))
    assert m.decide(END) == one
