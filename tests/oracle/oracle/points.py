"""Points as tokens: every single point is a thing of its own that arrives, is spent, comes back or runs out.

Slow on purpose. What happens next is looked for among everything that can happen, again after every step.
"""

from collections import Counter
from datetime import date, datetime, timedelta

from . import amounts, programme
from .days import end_after, local_day, moment, start_of

NEVER = datetime.max
CREDIT, RETURN, DEBIT, RETURN_AT_ONCE = range(4)


class Token:
    """One point: whose credit it was, when it came and when it ends (None: never)."""

    def __init__(self, source: str, came: datetime, ends: datetime | None) -> None:
        self.source, self.came, self.ends = source, came, ends

    def rank(self) -> tuple:
        return (self.ends is None, self.ends or self.came, self.came, self.source)


def earned(order: dict, versions: list[dict], zone: str) -> tuple[int, datetime | None]:
    """How many points an order gives, and from when on they are there."""
    paid = moment(order["paid_at"])
    if paid is None:
        return 0, None
    version = programme.at(versions, paid)
    terms = version["terms"]
    day = local_day(paid, zone)
    due = start_of(day + timedelta(days=terms["hold_days"]), zone)
    fulfilled = moment(order["fulfilled_at"])
    if fulfilled is not None and fulfilled < due:
        due = start_of(local_day(max(paid, fulfilled), zone) + timedelta(days=terms["hold_days"]), zone)
    available = max(paid, due)
    money = programme.currency(terms, order["currency"])
    if order["test"] or paid < moment(version["counts_from"]) or money is None or amounts.undone(order):
        return 0, available
    steps = amounts.base(order, terms["base"]) // money["earn_step"]
    return steps * terms["earn_points"], available


def ends_of_credit(day: date, zone: str, terms: dict) -> datetime | None:
    """When points of that local day can no longer be spent."""
    if terms["expiry_months"] == 0:
        return None
    return end_after(day, zone, months=terms["expiry_months"])


def is_money(redemption: dict) -> bool:
    """Was it exchanged for a gift card or for store credit?"""
    return redemption.get("reward", {}).get("kind") in ("gift_card", "store_credit")


def returned(redemption: dict, truth: dict, now: datetime) -> tuple[int, datetime | None]:
    """How many points of a redemption come back, and when."""
    all_of_it = redemption["points"]
    if is_money(redemption):
        # Given money is gone, whatever becomes of it or of any order; only what was never given comes back.
        return (all_of_it, moment(redemption["refused_at"])) if redemption["refused_at"] else (0, None)
    uses = [
        one
        for one in truth["uses"]
        if one["shop_id"] == redemption["shop_id"] and redemption["code"] in one["codes"] and not one["test"]
    ]
    uses.sort(key=lambda one: (moment(one["placed_at"]), one["id"]))
    good = [one for one in uses if not amounts.undone(one)]
    if good:
        first = good[0]
        goods = amounts.goods(first)
        if not first["paid_at"] or goods == 0:
            return 0, None
        back = all_of_it * (goods - amounts.kept(first)) // goods
        return back, moment(first["changed_at"])
    if redemption["refused_at"]:
        return all_of_it, moment(redemption["refused_at"])
    if uses:
        return all_of_it, max(moment(one["cancelled_at"] or one["changed_at"]) for one in uses)
    over = code_is_over(redemption, truth)
    return (all_of_it, over) if over <= now else (0, None)


def code_is_over(redemption: dict, truth: dict) -> datetime:
    """From when on nobody can use its code any more, and who did is known: some shops end codes late."""
    (shop,) = [one for one in truth["shops"] if one["id"] == redemption["shop_id"]]
    return moment(redemption["coupon_ends_at"]) + shop.get("codes_outlive", timedelta(0))


def happenings(truth: dict, versions: list[dict], now: datetime) -> tuple[list[tuple], list[tuple]]:
    """Everything that moves points up to now, and the points that are still on their way."""
    shops = {one["id"]: one for one in truth["shops"]}
    list_, pending = [], []
    for order in truth["orders"]:
        zone = shops[order["shop_id"]]["timezone"]
        source = f"order:{order['shop_id']}:{order['id']}"
        points, available = earned(order, versions, zone)
        if points == 0:
            continue
        if available > now:
            pending.append((source, points, available))
            continue
        terms = programme.at(versions, moment(order["paid_at"]))["terms"]
        ends = ends_of_credit(local_day(moment(order["paid_at"]), zone), zone, terms)
        if ends is not None:
            ends = max(ends, available)
        list_.append((available, CREDIT, source, points, ends))
    for act in truth["adjustments"]:
        when, source = moment(act["at"]), f"adjustment:{act['id']}"
        zone = truth["shops"][0]["timezone"]
        terms = programme.numbered(versions, act["version"])["terms"]
        if act["points"] > 0:
            ends = ends_of_credit(local_day(when, zone), zone, terms)
            list_.append((when, CREDIT, source, act["points"], ends))
        else:
            list_.append((when, DEBIT, source, -act["points"], None))
    for act in truth["redemptions"]:
        when, source = moment(act["at"]), f"redemption:{act['id']}"
        list_.append((when, DEBIT, source, act["points"], None))
        back, at = returned(act, truth, now)
        if back > 0:
            at = max(at, when)
            zone = shops[act["shop_id"]]["timezone"]
            days = programme.numbered(versions, act["version"])["terms"]["returned_days"]
            ends = end_after(local_day(at, zone), zone, days=days)
            list_.append((at, RETURN if at > when else RETURN_AT_ONCE, source, back, ends))
    return [one for one in list_ if one[0] <= now], pending


class Purse:
    """The member's tokens and debt while the story is told again from its first day."""

    def __init__(self) -> None:
        self.tokens: list[Token] = []
        self.debt = 0
        self.sums: dict[str, int] = {}
        self.taken: dict[str, list[Token | None]] = {}  # None: a point taken as debt
        self.born: list[tuple] = []  # source, end and moment of every token that came

    def book(self, source: str, points: int) -> None:
        self.sums[source] = self.sums.get(source, 0) + points

    def run_out(self, until: datetime) -> None:
        staying = []
        for token in self.tokens:
            if token.ends is not None and token.ends <= until:
                self.book(f"expiry:{token.source}", -1)
            else:
                staying.append(token)
        self.tokens = staying

    def add(self, token: Token) -> None:
        if self.debt > 0:
            self.debt -= 1
        else:
            self.tokens.append(token)
            self.born.append((token.source, token.ends, token.came))

    def credit(self, when: datetime, source: str, points: int, ends: datetime | None) -> None:
        self.book(source, points)
        for _ in range(points):
            self.add(Token(source, when, ends))

    def debit(self, source: str, points: int) -> None:
        self.book(source, -points)
        hand = self.taken.setdefault(source, [])
        self.tokens.sort(key=Token.rank)
        for _ in range(points):
            if self.tokens:
                hand.append(self.tokens.pop(0))
            else:
                hand.append(None)
                self.debt += 1

    def give_back(self, when: datetime, source: str, points: int, ends: datetime) -> None:
        self.book(source, points)
        settles = min(points, self.debt)
        self.debt -= settles
        hand = self.taken[source]
        from_lots = [one for one in hand if one is not None]
        for _ in range(points - settles):
            if from_lots:
                old = from_lots.pop()
                later = None if old.ends is None else max(old.ends, ends)
                self.tokens.append(Token(old.source, old.came, later))
            else:
                self.tokens.append(Token(source, when, ends))
            self.born.append((self.tokens[-1].source, self.tokens[-1].ends, when))


def tell(truth: dict, versions: list[dict], now: datetime) -> tuple[Purse, list[tuple]]:
    """Tell the member's story up to now; return the purse at its end and what is still in hold."""
    todo, pending = happenings(truth, versions, now)
    purse = Purse()
    while todo:
        when, kind, source, points, ends = min(todo, key=lambda one: one[:3])
        todo.remove((when, kind, source, points, ends))
        purse.run_out(when)
        happen(purse, when, kind, source, points, ends)
    purse.run_out(now)
    return purse, pending


def seen_at(truth: dict, versions: list[dict], now: datetime, looks: list[datetime]) -> dict:
    """Tell the story again and look into the purse at each of these moments: how many points end when."""
    todo, _ = happenings(truth, versions, now)
    purse, found = Purse(), {}
    for look in looks:
        while todo and min(one[0] for one in todo) <= look:
            when, kind, source, points, ends = min(todo, key=lambda one: one[:3])
            todo.remove((when, kind, source, points, ends))
            purse.run_out(when)
            happen(purse, when, kind, source, points, ends)
        purse.run_out(look)
        found[look] = Counter(token.ends for token in purse.tokens)
    return found


def happen(purse: Purse, when: datetime, kind: int, source: str, points: int, ends: datetime | None) -> None:
    if kind == CREDIT:
        purse.credit(when, source, points, ends)
    elif kind == DEBIT:
        purse.debit(source, points)
    else:
        purse.give_back(when, source, points, ends)
