"""Stories of members for hypothesis to invent: shops, programmes, orders that change, acts, days to look."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from .amounts import DECIMALS

ZONES = ["Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "America/Sao_Paulo", "Pacific/Apia", "UTC"]
CURRENCIES = ["EUR", "EUR", "EUR", "USD", "JPY", "KWD"]
FIRST_DAY = datetime(2015, 1, 1, tzinfo=UTC)

# Clocks that change, months that end early, days that are missing, and the minutes around local midnights.
STRANGE = [
    datetime.fromisoformat(text).replace(tzinfo=UTC)
    for text in (
        "2016-02-29 11:00",
        "2016-02-28 23:30",
        "2015-03-28 23:30",
        "2015-03-29 01:00",
        "2015-10-25 00:30",
        "2015-10-25 01:30",
        "2015-10-17 23:59",
        "2015-10-18 03:00",
        "2016-02-21 01:30",
        "2015-12-31 23:00",
        "2016-01-31 04:59",
        "2016-08-31 22:00",
        "2015-11-01 05:30",
    )
]
moments = st.one_of(
    st.sampled_from(STRANGE),
    st.integers(0, 900 * 24).map(lambda hours: FIRST_DAY + timedelta(hours=hours)),
    st.integers(0, 900 * 24 * 60).map(lambda minutes: FIRST_DAY + timedelta(minutes=minutes)),
)
pauses = st.one_of(
    st.just(timedelta(0)), st.integers(1, 60 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
)


def text(minor: int, currency: str) -> str:
    places = DECIMALS.get(currency, 2)
    digits = str(minor).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


@st.composite
def shops(draw) -> list[dict]:
    return [
        {
            "id": number,
            "currency": draw(st.sampled_from(CURRENCIES)),
            "timezone": draw(st.sampled_from(ZONES)),
            "mark_kind": draw(st.sampled_from(["tags", "group", "both"])),
            "codes_outlive": draw(st.sampled_from([timedelta(0), timedelta(hours=2)])),
        }
        for number in range(1, draw(st.integers(1, 3)) + 1)
    ]


@st.composite
def rewards(draw) -> dict:
    kinds = ["amount", "percentage", "free_shipping", "buy_x_get_y", "gift_card", "store_credit"]
    kind = draw(st.sampled_from(kinds))
    reward = {
        "kind": kind,
        "value": draw(st.integers(1, 2000)),
        "valid_days": draw(st.sampled_from([1, 10, 60, 400])),
    }
    if kind in ("gift_card", "store_credit"):
        return reward
    if draw(st.booleans()):
        reward["minimum"] = 2500
    elif draw(st.booleans()):
        reward["minimum_quantity"] = draw(st.integers(1, 5))
    reward["combines"] = draw(st.sampled_from(["nothing", "shipping", "everything"]))
    reward["scope"] = draw(scopes())
    if kind == "buy_x_get_y":
        reward |= {"buys": draw(scopes()), "gets": draw(st.integers(1, 3))}
    return reward


@st.composite
def scopes(draw) -> dict:
    """Everything, some products or some collections."""
    what = draw(st.sampled_from(["", "products", "collections"]))
    return (
        {what: draw(st.lists(st.sampled_from(["11", "12", "13"]), min_size=1, unique=True))} if what else {}
    )


@st.composite
def terms(draw) -> dict:
    listed = draw(st.sets(st.sampled_from(["USD", "JPY", "KWD"])))
    thresholds = sorted(draw(st.sets(st.integers(50_00, 500_00), max_size=3)))
    afters = draw(st.lists(st.integers(1, 4), max_size=3))
    return {
        "currency": "EUR",
        "currencies": [
            {
                "currency": code,
                "earn_step": draw(st.integers(70, 400)),
                "rate": draw(st.integers(400_000, 3_000_000)),
            }
            for code in ["EUR", *sorted(listed)]
        ],
        "earn_points": draw(st.integers(1, 3)),
        "base": draw(st.sampled_from(["including_tax", "excluding_tax"])),
        "hold_days": draw(st.sampled_from([0, 1, 14, 40])),
        "expiry_months": draw(st.sampled_from([0, 1, 2, 6, 12])),
        "returned_days": draw(st.sampled_from([0, 1, 30])),
        "tiers": [
            {"name": f"Tier {place}", "threshold": threshold, "tag": f"tier-{place}"}
            for place, threshold in enumerate(thresholds)
        ],
        "tier_window_months": draw(st.sampled_from([1, 6, 12])),
        "tier_term_months": draw(st.sampled_from([1, 12])),
        "tier_grace_days": draw(st.sampled_from([0, 30])),
        "nth_orders": [
            {"key": f"nth-{place}", "name": "nth", "after": after, "reward": draw(rewards())}
            for place, after in enumerate(afters)
        ],
        "redeemables": [],
        "returning_tag": draw(st.sampled_from(["", "returning"])),
        "count_zero_orders": draw(st.booleans()),
        **draw(rhythms()),
    }


@st.composite
def rhythms(draw) -> dict:
    """What a version says about stages, win-back and notices; one from before them says nothing."""
    if draw(st.integers(0, 4)) == 0:
        return {}
    stages = ["new", "second_order", "regular", "loyal", "lapsing", "lost"]
    tags = {name: f"stage-{name}" for name in draw(st.sets(st.sampled_from(stages)))}
    return {
        "lapse_min_days": draw(st.sampled_from([1, 10, 30, 100])),
        "usual_gap": draw(st.sampled_from([0, 5, 45, 200])),
        "loyal_from": draw(st.integers(3, 5)),
        "stage_tags": tags,
        "win_back": {
            "key": draw(st.sampled_from(["back", "home"])),
            "name": "come back",
            "reward": draw(rewards()),
        }
        if draw(st.booleans())
        else None,
        "notice_days": sorted(draw(st.sets(st.sampled_from([1, 7, 30, 90]), max_size=3))),
    }


@st.composite
def versions(draw) -> list[dict]:
    starts = sorted(draw(st.sets(moments, min_size=1, max_size=3)))
    return [
        {
            "number": number,
            "starts_at": start.isoformat(),
            "counts_from": draw(st.one_of(*[st.just(FIRST_DAY)] * 4, moments)).isoformat(),
            "terms": draw(terms()),
        }
        for number, start in enumerate(starts, start=1)
    ]


@st.composite
def bare_order(draw, number: int, shop: dict, codes: list[str]) -> dict:
    """An order as placed: nothing paid, nothing given back."""
    placed = draw(moments)
    currency = shop["currency"]
    lines, total = [], 0
    for _ in range(draw(st.integers(1, 3))):
        amount = draw(
            st.one_of(st.integers(60_00, 250_00), st.integers(60_00, 250_00), st.sampled_from([0, 1, 99_99]))
        )
        total += amount
        quantity = draw(st.integers(1, 4))
        lines.append(
            {
                "kind": draw(st.sampled_from(["goods", "goods", "goods", "gift_card"])),
                "quantity": quantity,
                "current_quantity": quantity,
                "amount": text(amount, currency),
                "tax": text(amount * draw(st.sampled_from([0, 9, 21])) // 121, currency),
            }
        )
    shipping = draw(st.sampled_from([0, 0, 495]))
    return {
        "id": f"{number}",
        "shop_id": shop["id"],
        "customer_id": draw(st.sampled_from([f"c{shop['id']}", f"c{shop['id']}", None])),
        "currency": currency,
        "placed_at": placed.isoformat(),
        "paid_at": None,
        "fulfilled_at": None,
        "cancelled_at": None,
        "changed_at": placed.isoformat(),
        "test": draw(st.sampled_from([False] * 9 + [True])),
        "total": text(total + shipping, currency),
        "refunded": text(0, currency),
        "refunded_shipping": text(0, currency),
        "codes": draw(st.sets(st.sampled_from(codes), max_size=1).map(sorted)) if codes else [],
        "lines": lines,
    }


@st.composite
def order_states(draw, number: int, shop: dict, codes: list[str]) -> list[dict]:
    """An order's successive states; each is the whole picture."""
    states = [draw(bare_order(number, shop, codes))]
    currency = shop["currency"]
    for _ in range(draw(st.integers(1, 4))):
        new = states[-1] | {"lines": [dict(one) for one in states[-1]["lines"]]}
        at = (datetime.fromisoformat(new["changed_at"]) + draw(pauses)).isoformat()
        new["changed_at"] = at
        step = draw(st.sampled_from(["pay", "pay", "fulfil", "back", "money", "shipping", "cancel", "edit"]))
        if new["paid_at"] is None and step not in ("cancel", "fulfil"):
            new["paid_at"] = at
        elif step == "fulfil":
            new["fulfilled_at"] = at
        elif step in ("back", "edit"):
            line = draw(st.sampled_from(new["lines"]))
            gone = draw(st.integers(0, line["current_quantity"]))
            line["current_quantity"] -= gone
            if step == "back":
                share = int(line["amount"].replace(".", "")) * gone // line["quantity"]
                new["refunded"] = more(new["refunded"], share, new["total"], currency)
        elif step == "money":
            new["refunded"] = more(new["refunded"], draw(st.integers(1, 250_00)), new["total"], currency)
        elif step == "shipping" and new["total"] != new["refunded"]:
            new["refunded"] = more(new["refunded"], 100, new["total"], currency)
            new["refunded_shipping"] = more(new["refunded_shipping"], 100, new["refunded"], currency)
        elif step == "cancel":
            new["cancelled_at"] = new["cancelled_at"] or at
        states.append(new)
    return states


def more(before: str, by: int, most: str, currency: str) -> str:
    """A little more money, but no more than there is."""
    return text(min(int(before.replace(".", "")) + by, int(most.replace(".", ""))), currency)


@st.composite
def redemptions(draw, number: int, stores: list[dict], versions_: list[dict]) -> dict:
    at = draw(moments)
    return {
        "id": f"r{number}",
        "at": at.isoformat(),
        "points": draw(st.integers(1, 150)),
        "reward": {
            "kind": draw(st.sampled_from(["amount", "amount", "gift_card", "store_credit"])),
            "value": 500,
        },
        "shop_id": draw(st.sampled_from(stores))["id"],
        "code": f"CODE{number}",
        "coupon_ends_at": (at + timedelta(days=draw(st.sampled_from([1, 30, 60, 365])))).isoformat(),
        "refused_at": draw(
            st.one_of(st.none(), st.none(), pauses.map(lambda pause: (at + pause).isoformat()))
        ),
        "version": draw(st.sampled_from(versions_))["number"],
    }


@st.composite
def adjustments(draw, number: int, versions_: list[dict]) -> dict:
    return {
        "id": f"a{number}",
        "at": draw(moments).isoformat(),
        "points": draw(st.integers(-150, 150).filter(bool)),
        "version": draw(st.sampled_from(versions_))["number"],
    }


@st.composite
def looks(draw, orders: list[list[dict]]) -> list[datetime]:
    """Some days to look: any, or not long after something happened, when holds and returned points still run."""
    happened = [datetime.fromisoformat(state["changed_at"]) for states in orders for state in states]
    soon = st.builds(
        lambda at, hours: at + timedelta(hours=hours), st.sampled_from(happened), st.integers(0, 45 * 24)
    )
    return sorted(draw(st.lists(st.one_of(moments, soon, soon), max_size=4)))


@st.composite
def stories(draw) -> dict:
    """A member's whole story, and some days on which it is looked at, the last of them after everything."""
    stores, programme = draw(shops()), draw(versions())
    theirs = {shop["id"]: draw(st.sampled_from([None, None, *CURRENCIES])) for shop in stores}
    acts = [draw(redemptions(n, stores, programme)) for n in range(draw(st.integers(0, 3)))]
    number = draw(st.integers(1, 6))
    homes = [draw(st.sampled_from(stores)) for _ in range(number)]
    codes = [act["code"] for act in acts]
    codes += [f"NTH-{n}-ORDER:{shop['id']}:{i}-0" for n in range(2) for i, shop in enumerate(homes)]
    orders = []
    for i, shop in enumerate(homes):
        # Codes of exchanges mostly come to the shop they were made for.
        own = [act["code"] for act in acts if act["shop_id"] == shop["id"]]
        # A shop with several websites keeps other books in each.
        books = draw(st.sampled_from([shop["currency"], theirs[shop["id"]] or shop["currency"]]))
        orders.append(draw(order_states(i, shop | {"currency": books}, codes + own * 8)))
    return {
        "shops": stores,
        "versions": programme,
        "customers": [
            {"shop_id": shop["id"], "id": f"c{shop['id']}", "currency": theirs[shop["id"]]} for shop in stores
        ],
        "orders": orders,
        "redemptions": acts,
        "adjustments": [draw(adjustments(n, programme)) for n in range(draw(st.integers(0, 2)))],
        "looks": draw(looks(orders)),
        "last_look": FIRST_DAY + timedelta(days=draw(st.integers(1100, 1500))),
        "late": draw(st.integers(0, 2**30)),
    }


def known_at(story: dict, when: datetime, deaf_to: set[str]) -> dict:
    """What the shops and people say by then; of some orders nothing was heard yet."""

    def happened(text_: str) -> bool:
        return datetime.fromisoformat(text_) <= when

    orders = []
    for states in story["orders"]:
        heard = [one for one in states if happened(one["changed_at"])]
        if heard and heard[-1]["id"] not in deaf_to:
            orders.append(heard[-1])
    acts = [one for one in story["redemptions"] if happened(one["at"])]
    open_ = [
        one if not one["refused_at"] or happened(one["refused_at"]) else one | {"refused_at": None}
        for one in acts
    ]
    return {
        "shops": story["shops"],
        "customers": story["customers"],
        "orders": orders,
        "uses": [one for one in orders if one["codes"]],
        "redemptions": open_,
        "adjustments": [one for one in story["adjustments"] if happened(one["at"])],
        "codes": {},
    }
