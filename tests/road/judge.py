"""The judge: asks the shops what is true, has the oracle say what follows from it, and compares every member with that.

It reads what Comeback keeps with plain SQL and through the same recollection that the pages use; what should be
there it computes only from the shops' own words, the acts of people and the programme as published.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from oracle.amounts import minor, undone
from oracle.days import moment
from oracle.member import verdict
from oracle.people import persons
from shopkeeping import Keeper

from connector.flow import settling
from connector.house import House
from connector.loyalty.decide import decide
from connector.records import GIFTS
from connector.store import programs

CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{12}")


class Books:
    """What Comeback keeps of one merchant, as plain rows."""

    def __init__(self, house: House, merchant_id: int) -> None:
        self._house, self._merchant_id = house, merchant_id
        self.shops = self._rows(
            "SELECT id, platform, address, currency, timezone, mark_kind, codes_outlive FROM shops"
            " WHERE merchant_id = %(m)s ORDER BY id"
        )
        self.versions = [
            {**row, "starts_at": row["starts_at"].isoformat(), "counts_from": row["counts_from"].isoformat()}
            for row in self._rows(
                "SELECT number, starts_at, counts_from, terms FROM programs"
                " WHERE merchant_id = %(m)s AND number > 0 ORDER BY number"
            )
        ]
        members = self._rows("SELECT * FROM members WHERE merchant_id = %(m)s")
        self.members = {row["id"]: row for row in members}
        self.whose = {row["id"]: row["survivor_id"] or row["id"] for row in members}
        self.customers = {
            (row["shop_id"], row["id"]): self.whose[row["member_id"]]
            for row in self._rows("SELECT shop_id, id, member_id FROM customers WHERE merchant_id = %(m)s")
        }
        self.sums: dict[int, Counter[str]] = defaultdict(Counter)
        for row in self._rows("SELECT member_id, source, points FROM entries WHERE merchant_id = %(m)s"):
            self.sums[self.whose[row["member_id"]]][row["source"]] += row["points"]
        self.acts = [
            (self.whose[row["member_id"]], row["record"])
            for row in self._rows("SELECT member_id, record FROM acts WHERE merchant_id = %(m)s ORDER BY id")
        ]
        self.coupons = self._rows("SELECT * FROM coupons WHERE merchant_id = %(m)s")
        self.notices: dict[int, dict[str, dict[str, Any]]] = defaultdict(dict)
        for row in self._rows("SELECT * FROM notices WHERE merchant_id = %(m)s ORDER BY id"):
            self.notices[self.whose[row["member_id"]]][row["key"]] = row
        self.marks = {
            (row["shop_id"], row["customer_id"]): row
            for row in self._rows("SELECT * FROM marks WHERE merchant_id = %(m)s")
        }

        self.numbers = {
            (row["shop_id"], row["id"]): row["customer_id"]
            for row in self._rows(
                "SELECT shop_id, id, customer_id FROM orders"
                " WHERE merchant_id = %(m)s AND customer_id LIKE 'forgotten-%%'"
            )
        }

    def _rows(self, query: str) -> list[dict[str, Any]]:
        with self._house.database.merchant(self._merchant_id) as tx:
            found = tx.connection.exec_driver_sql(query, {"m": self._merchant_id})
            return [dict(row._mapping) for row in found]

    def standings(self, now: datetime) -> dict[int, Any]:
        """What the pages would show of each member now."""
        living = sorted(set(self.whose.values()))
        with self._house.database.merchant(self._merchant_id) as tx:
            versions = programs.versions(tx)
            recalled = settling.recall(tx, living)
        return {
            one: decide(known.history, versions, known.booked, now).standing
            for one, known in recalled.items()
        }

    def tiers(self) -> set[str]:
        return {tier["tag"] for version in self.versions for tier in version["terms"]["tiers"]}

    def our_words(self) -> set[str]:
        words = self.tiers()
        for version in self.versions:
            words.add(version["terms"]["returning_tag"])
            words |= set(version["terms"]["stage_tags"].values())
        return words - {""}


class Gone(NamedTuple):
    """A customer who was deleted in the shop at this address, as they stood before, and the orders that were theirs."""

    address: str
    customer: dict[str, Any]
    orders: frozenset[str]


class Truth:
    """What is so in the shops, by their own words; whoever is `gone` keeps what they had."""

    def __init__(self, books: Books, keepers: dict[str, Keeper], gone: Sequence[Gone] = ()) -> None:
        self.orders: list[dict[str, Any]] = []
        self.customers: list[dict[str, Any]] = []
        self.codes: list[dict[str, Any]] = []
        self.gifts: list[dict[str, Any]] = []
        self.coded: list[dict[str, Any]] = []  # orders that carry a code, tests aside
        for shop in books.shops:
            keeper = next(one for one in keepers.values() if one.address == shop["address"])
            self.orders += [one | {"shop_id": shop["id"]} for one in keeper.all("orders")]
            self.customers += [one | {"shop_id": shop["id"]} for one in keeper.all("customers")]
            self.codes += [one | {"shop_id": shop["id"]} for one in keeper.coupons()]
            self.gifts += [one | {"shop_id": shop["id"]} for one in keeper.gifts()]
            for one in gone:
                if one.address == shop["address"]:
                    self._remembers(shop["id"], one)
        self._under_the_numbers_of(books)

    def _remembers(self, shop_id: int, gone: Gone) -> None:
        # Their address proves nothing any more: what comes in their name from now on is nobody's.
        self.customers.append(gone.customer | {"shop_id": shop_id, "verified": False, "gone": True})
        for order in self.orders:
            if order["shop_id"] == shop_id and order["id"] in gone.orders:
                order["customer_id"] = gone.customer["id"]

    def _under_the_numbers_of(self, books: Books) -> None:
        """Call the forgotten as Comeback does, by the random number that their orders lead to."""
        numbers = {
            (one["shop_id"], one["customer_id"]): number
            for one in self.orders
            if (number := books.numbers.get((one["shop_id"], one["id"]))) is not None
        }
        for one in self.orders:
            one["customer_id"] = numbers.get((one["shop_id"], one["customer_id"]), one["customer_id"])
        for one in self.customers:
            one["id"] = numbers.get((one["shop_id"], one["id"]), one["id"])


def differences(
    house: House, merchant_id: int, keepers: dict[str, Keeper], now: datetime, gone: Sequence[Gone] = ()
) -> list[str]:
    """Compare everything; one sentence for each thing in which Comeback and the oracle differ."""
    books = Books(house, merchant_id)
    return compared(books, Truth(books, keepers, gone), now)


def compared(books: Books, truth: Truth, now: datetime) -> list[str]:
    """Compare what is kept with what is so."""
    found: list[str] = []
    truth.coded = [one for one in truth.orders if one["codes"] and not one["test"]]
    standings = books.standings(now)
    live: set[tuple[int, str]] = set()
    left_out: set[tuple[int, str]] = set()
    seen: set[int] = set()
    for person in persons(truth.customers, truth.orders):
        names = [(one["shop_id"], one["id"]) for one in person["customers"]]
        members = {books.customers.get(name) for name in names}
        if len(members) != 1 or None in members:
            found.append(f"customers {names} are members {members}, not one")
            continue
        (member_id,) = members
        if member_id in seen:
            found.append(f"member {member_id} holds {names} and others, who are not the same person")
        seen.add(member_id)
        judged = verdict(member_truth(books, truth, person, member_id), books.versions, now)
        if judged["marks"] is None:
            continue
        found += _of_member(books, standings[member_id], member_id, judged)
        if any(one.get("gone") for one in person["customers"]):
            # Points stay; nothing can be carried or shown any more, and a code that is out may be used or not.
            left_out |= {
                (row["shop_id"], row["code"])
                for row in books.coupons
                if books.whose[row["member_id"]] == member_id
            }
            continue
        found += _of_notices(books, member_id, judged)
        found += _of_marks(books, truth, judged)
        found += _of_cards(truth, judged)
        live |= _of_coupons(books, truth, member_id, judged, now, found)
    found += _of_shops(books, truth, live, left_out)
    found += _of_gifts(books, truth)
    for member_id in set(books.sums) - seen:
        if +books.sums[member_id] or -books.sums[member_id]:
            found.append(f"member {member_id} is nobody in the shops and has {dict(books.sums[member_id])}")
    return found


def member_truth(books: Books, truth: Truth, person: dict[str, Any], member_id: int) -> dict[str, Any]:
    """What the oracle is told of one person."""
    acts = [record for owner, record in books.acts if owner == member_id]
    redemptions = [
        one | {"refused_at": one.get("closed_at") if one.get("state") == "refused" else None}
        for one in acts
        if "reward_key" in one
    ]
    codes = {
        (row["shop_id"], row["source"], row["reward_key"]): row["code"]
        for row in books.coupons
        if books.whose[row["member_id"]] == member_id and not row["source"].startswith("redemption:")
    }
    given = {
        (row["shop_id"], row["source"], row["reward_key"]): row["ends_at"]
        for row in books.coupons
        if books.whose[row["member_id"]] == member_id
        and row["kind"] in GIFTS
        and row["state"] == "live"
        and not row["source"].startswith("redemption:")
    }
    mine = set(codes.values()) | {one["code"] for one in redemptions}
    return {
        "given": given,
        "shops": [
            {name: shop[name] for name in ("id", "currency", "timezone", "mark_kind", "codes_outlive")}
            for shop in books.shops
        ],
        "customers": person["customers"],
        "orders": person["orders"],
        "uses": [one for one in truth.orders if mine.intersection(one["codes"])],
        "redemptions": redemptions,
        "adjustments": [one for one in acts if "reward_key" not in one],
        "codes": codes,
    }


def _of_member(books: Books, standing: Any, member_id: int, judged: dict[str, Any]) -> list[str]:
    row = books.members[member_id]
    lots: Counter[tuple[str, datetime | None]] = Counter()
    for lot in standing.lots:
        lots[lot.source, lot.expires_at] += lot.left
    pairs = {
        "sums": ({source: sum_ for source, sum_ in books.sums[member_id].items() if sum_}, judged["sums"]),
        "lots": (sorted(((s, left, e) for (s, e), left in lots.items()), key=str), judged["lots"]),
        "balance": (row["balance"], judged["balance"]),
        "pending": (row["pending"], sum(points for _, points, _ in judged["pending"])),
        "tier": (row["tier"], judged["tier"]),
        "tier until": (row["tier_until"], judged["tier_until"]),
        "stage": (standing.stage, judged["stage"]),
        "next moment": (row["due_at"], judged["ask_again_at"]),
    }
    return [
        f"member {member_id}: {what} here {here}, should be {there}"
        for what, (here, there) in pairs.items()
        if here != there
    ]


def _of_notices(books: Books, member_id: int, judged: dict[str, Any]) -> list[str]:
    """Everything that should have been said was, at its moment; what was said in between by then may be more."""
    found, written = [], books.notices[member_id]
    for key, (moment_, ends, _points, days, good) in judged["notices"].items():
        row = written.get(key)
        if row is None:
            found.append(f"member {member_id}: notice {key} was not written")
        elif (row["moment"], row["expires_at"], row["days_ahead"], row["good_until"]) != (
            moment_,
            ends,
            days,
            good,
        ):
            found.append(f"member {member_id}: notice {key} is {row}, should be of {moment_} until {good}")
    for row in written.values():
        if row["points"] <= 0 or not row["moment"] < row["good_until"] <= row["expires_at"]:
            found.append(f"member {member_id}: notice {row['key']} makes no sense: {row}")
        if row["moment"] > row["noted_at"]:
            found.append(f"member {member_id}: notice {row['key']} was written before its moment")
    return found


def _of_marks(books: Books, truth: Truth, judged: dict[str, Any]) -> list[str]:
    found, ours, tiers = [], books.our_words(), books.tiers()
    kinds = {shop["id"]: shop["mark_kind"] for shop in books.shops}
    standing = {(one["shop_id"], one["id"]): one for one in truth.customers}
    for (shop_id, customer_id), wanted in judged["marks"].items():
        row = books.marks.get((shop_id, customer_id))
        kept = tuple(row["wanted"]) if row else ()
        if kept != wanted:
            found.append(f"customer {customer_id} of shop {shop_id}: wants {kept}, should want {wanted}")
        one = standing[shop_id, customer_id]
        carried = tuple(sorted(ours.intersection(one["tags"]))), ours.intersection({one.get("group")})
        group = tiers.intersection(wanted)
        should = {"tags": (wanted, set()), "group": ((), group), "both": (wanted, group)}[kinds[shop_id]]
        if carried != should:
            found.append(
                f"customer {customer_id} of shop {shop_id}: carries {carried}, should carry {should}"
            )
    return found


def _of_cards(truth: Truth, judged: dict[str, Any]) -> list[str]:
    """Where the shop's own pages can show balance and tier, they show these; nobody without either has them."""
    found = []
    should = {"points_balance": str(judged["balance"]), "tier": judged["tier"] or "-"}
    for one in truth.customers:
        there = one.get("metafields")
        if (one["shop_id"], one["id"]) not in judged["marks"] or there is None or there == should:
            continue
        if there or judged["balance"] or judged["tier"]:
            found.append(
                f"customer {one['id']} of shop {one['shop_id']}: shows {there}, should show {should}"
            )
    return found


def _of_coupons(
    books: Books, truth: Truth, member_id: int, judged: dict[str, Any], now: datetime, found: list[str]
) -> set[tuple[int, str]]:
    """Compare the member's unused codes; return them."""
    carried = {(one["shop_id"], code) for one in truth.coded for code in one["codes"]}
    spent = {(one["shop_id"], code) for one in truth.coded if not undone(one) for code in one["codes"]}
    should = set(judged["coupons"])
    should |= {
        (act["shop_id"], f"redemption:{act['id']}", act["reward_key"])
        for owner, act in books.acts
        if owner == member_id
        and "reward_key" in act
        and act.get("state") != "refused"
        and moment(act["coupon_ends_at"]) > now
        and (act["reward"]["kind"] in GIFTS or (act["shop_id"], act["code"]) not in carried)
    }
    gone = {True: carried, False: spent}
    here = {
        (row["shop_id"], row["source"], row["reward_key"]): row
        for row in books.coupons
        if books.whose[row["member_id"]] == member_id
        and row["state"] == "live"
        and row["ends_at"] > now
        and (
            row["kind"] in GIFTS
            or (row["shop_id"], row["code"]) not in gone[row["source"].startswith("redemption")]
        )
    }
    if set(here) != should:
        terms = [
            f"{key[1]} {row['starts_at']:%m-%d %H:%M} to {row['ends_at']:%m-%d %H:%M}"
            for key, row in here.items()
        ]
        found.append(
            f"member {member_id}: codes here {sorted(here)}, should be {sorted(should)}; it is {now:%m-%d %H:%M},"
            f" they hold {terms}, due at {books.members[member_id]['due_at']}"
        )
    return {(key[0], row["code"]) for key, row in here.items() if row["kind"] not in GIFTS}


def _of_gifts(books: Books, truth: Truth) -> list[str]:
    """Compare the money that customers were given with what we believe they were."""
    here = Counter(
        (row["shop_id"], row["customer_id"], row["kind"], row["currency"], row["value"])
        for row in books.coupons
        if row["kind"] in GIFTS and row["state"] == "live"
    )
    there = Counter(
        (
            one["shop_id"],
            one["customer_id"],
            one["kind"],
            one["currency"],
            minor(one["value"], one["currency"]),
        )
        for one in truth.gifts
    )
    found = [
        f"{times} of {gift} are in the books and not in the shop" for gift, times in (here - there).items()
    ]
    return found + [
        f"{times} of {gift} are in the shop and not in the books" for gift, times in (there - here).items()
    ]


def _of_shops(
    books: Books, truth: Truth, should: set[tuple[int, str]], left_out: set[tuple[int, str]]
) -> list[str]:
    """Compare the codes that can still be used in the shops with those that should be."""
    ours = {(row["shop_id"], row["code"]): f"{row['state']}, of {row['source']}" for row in books.coupons}
    there = {
        (one["shop_id"], one["code"].upper())
        for one in truth.codes
        if one["live"] and not one["used"] and CODE.fullmatch(one["code"].upper())
    }
    # An order that was deleted, or was only a test, has used its code up all the same: the shop counts it.
    spent = {(one["shop_id"], one["code"].upper()) for one in truth.codes if one["used"]}
    found = [f"code {code} of shop {shop} is not there" for shop, code in sorted(should - there - spent)]
    return found + [
        f"code {code} of shop {shop} can be used and should not ({ours.get((shop, code), 'unknown')})"
        for shop, code in sorted(there - should - left_out)
    ]


def left_to_do(house: House, merchant_id: int, now: datetime) -> dict[str, int]:
    """What is still waiting: deliveries, pushes, members, imports; and what was put aside."""
    queries = {
        "deliveries": "SELECT count(*) FROM inbox WHERE merchant_id = %(m)s AND state = 'waiting'",
        "pushes": "SELECT count(*) FROM outbox WHERE merchant_id = %(m)s AND state = 'waiting'",
        "members": "SELECT count(*) FROM members WHERE merchant_id = %(m)s AND due_at <= %(now)s",
        "imports": "SELECT count(*) FROM runs WHERE merchant_id = %(m)s AND kind = 'import' AND state <> 'done'",
        "choices": "SELECT count(*) FROM shops WHERE merchant_id = %(m)s AND look_again_at IS NOT NULL",
        "parked": "SELECT (SELECT count(*) FROM inbox WHERE merchant_id = %(m)s AND state = 'parked')"
        " + (SELECT count(*) FROM outbox WHERE merchant_id = %(m)s AND state = 'parked')",
    }
    with house.database.merchant(merchant_id) as tx:
        return {
            name: int(tx.connection.exec_driver_sql(query, {"m": merchant_id, "now": now}).scalar_one())
            for name, query in queries.items()
        }


def shown(found: list[str], most: int = 12) -> str:
    """The first few differences, for a failing test."""
    return json.dumps(found[:most], indent=1, default=str) + f"\n{len(found)} differences"
