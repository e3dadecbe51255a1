"""Making codes, ending them and listing them. A code is ours when its rule's name begins with our prefix."""

import contextlib
import contextvars
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from connector.port import CodeRefused, CodeResult, CodeTaken, CouponMade, Doubtful, Forbidden, Refused
from connector.records import Coupon

from . import rules, walk, wire
from .answers import Gone
from .client import MOST_ROWS, Client
from .criteria import Filter, Search, among
from .groups import Groups
from .read import moment
from .rules import Worth
from .stores import Stores

STILL_READ = timedelta(days=30)  # behind a rule's last day: a backup brought back may not know of its codes


class NotOurWay(Refused):
    """The merchant has the rule otherwise than its codes were promised."""


class Coupons:
    """The codes of ours in one shop, and the rules that carry them."""

    def __init__(
        self, client: Client, groups: Groups, stores: Stores, second: Callable[[], Client] | None = None
    ) -> None:
        """`second` opens a line of its own, for a call beside another one."""
        self._client = client
        self._second = second
        self._groups = groups
        self._stores = stores
        self._rules: dict[str, int] = {}

    def make(self, coupon: Coupon) -> CouponMade | CodeTaken:
        """Make the code on the rule of its worth, or find it there."""
        worth = rules.worth(coupon, self._stores.main.timezone, self._websites(coupon))
        remembered = worth.name in self._rules
        try:
            return self._made(coupon.code, self._rule(worth))
        except NotOurWay:
            raise
        except Refused:
            # The messages are translated, so look for the reason: does the code exist, or is the rule gone?
            found = self._found(coupon.code)
            if found is not None:
                return self._found_there(found, worth)
            if not remembered:
                raise
            del self._rules[worth.name]
            return self._made(coupon.code, self._rule(worth))

    def make_many(self, coupon: Coupon, codes: tuple[str, ...]) -> tuple[CodeResult, ...]:
        """Make codes of one worth, two calls at a time; of those that the shop does not take, look for the reason."""
        worth = rules.worth(coupon, self._stores.main.timezone, self._websites(coupon))
        made: dict[str, CodeResult] = {}
        made |= self._posted(self._rule(worth), codes)
        there = self._found_among([code for code in codes if code not in made])
        for code in codes:
            if code not in made:
                made[code] = self._looked_for(replace(coupon, code=code), worth, there.get(code.upper()))
        return tuple(made[code] for code in codes)

    def _looked_for(self, coupon: Coupon, worth: Worth, found: wire.Coupon | None) -> CodeResult:
        try:
            return self.make(coupon) if found is None else self._found_there(found, worth)
        except (NotOurWay, Forbidden):
            raise
        except Refused as why:
            return CodeRefused(str(why))

    def _posted(self, rule_id: int, codes: tuple[str, ...]) -> dict[str, CouponMade]:
        if len(codes) == 1 or self._second is None:
            return _post(self._client, rule_id, codes)
        with ThreadPoolExecutor(1) as beside:
            # The number of the request on whose behalf it is goes along.
            told = contextvars.copy_context()
            others = beside.submit(told.run, _post, self._second(), rule_id, codes[1::2])
            return _post(self._client, rule_id, codes[::2]) | others.result()

    def _found_there(self, found: wire.Coupon, worth: Worth) -> CouponMade | CodeTaken:
        there, right = CouponMade(str(found.coupon_id)), self._rules.get(worth.name)
        if found.rule_id == right:
            return there
        rule = self._rule_of(found)
        if rule is None:
            return CodeTaken()
        if right is None or found.times_used or (rule.is_active and self._stands(rule)):
            return there
        # On a rule that was renamed or switched off it is worth something else, or nothing.
        self._delete(found)
        return self._made(found.code or "", right)

    def revoke(self, code: str) -> None:
        """Delete the code where it is ours; one that is gone is fine. Orders that used it keep its name."""
        self._delete(self._found(code))

    def clear(self, codes: tuple[str, ...]) -> None:
        """Delete those of these codes that are ours and that nobody used, and each rule that ended and has none left."""
        unused = [row for row in self._found_among(codes).values() if not row.times_used]
        carrying = {row.rule_id: row for row in unused}
        ours = {key: rule for key, row in carrying.items() if (rule := self._rule_of(row)) is not None}
        gone = [row.code for row in unused if row.rule_id in ours]
        if not gone:
            return
        # What is missing by now is fine; without this word one missing code would stop all of it.
        body = {"codes": gone, "ignoreInvalidCoupons": True}
        if self._client.send("POST", "coupons/deleteByCodes", body, wire.Deleted).failed_items:
            raise Doubtful("The shop did not delete every code that it was asked to.")
        for rule in ours.values():
            self._sweep(rule)

    def _sweep(self, rule: wire.Rule) -> None:
        """Delete a rule of ours after its last day when no code hangs on it any more."""
        today = self._client.now().astimezone(ZoneInfo(self._stores.main.timezone)).date()
        if rule.to_date is None or rule.to_date[:10] >= today.isoformat():
            return
        left = Search((Filter("rule_id", str(rule.rule_id)),), ("coupon_id",), size=1)
        if self._client.search("coupons/search", wire.Coupon, left).total_count:
            return
        with contextlib.suppress(Gone):
            self._client.send("DELETE", f"salesRules/{rule.rule_id}", None, bool)

    def _delete(self, found: wire.Coupon | None) -> None:
        if found is None or self._rule_of(found) is None:
            return
        try:
            self._client.send("DELETE", f"coupons/{found.coupon_id}", None, bool)
        except Gone:
            return

    def all(self) -> Iterator[Coupon]:
        """Yield every code on our active rules; of those past their last day only the ones that ended lately.

        A rule that was changed does not give what its codes were promised with: they are no codes of ours as they stand.
        """
        by_id = {rule.rule_id: rule for rule in self._lasting() if rule.is_active and self._stands(rule)}
        if not by_id:
            return
        numbers = sorted(by_id)
        for start in range(0, len(numbers), 100):
            chosen = (among("rule_id", numbers[start : start + 100]),)
            pages = walk.by_id(
                self._client, walk.COUPONS, wire.Coupon, _number, filters=chosen, size=MOST_ROWS
            )
            for page in pages:
                yield from (self._read(row, by_id[row.rule_id]) for row in page.rows if row.code)

    def widen(self, group: wire.Group) -> None:
        """Let the members of a new group use the codes they already have: a rule lists its groups one by one."""
        for rule in self._lasting():
            self._admit(rule, [group.id])

    def _websites(self, coupon: Coupon) -> tuple[int, ...]:
        # An amount means the currency of the website's books; ten per cent mean the same everywhere.
        anywhere = coupon.kind != "amount" and not coupon.minimum
        websites = self._stores.websites(None if anywhere else coupon.currency)
        if not websites:
            raise Refused(f"No website of the shop keeps its books in {coupon.currency}.")
        return websites

    def _made(self, code: str, rule_id: int) -> CouponMade:
        return _one(self._client, rule_id, code)

    def _rule(self, worth: Worth) -> int:
        if worth.name not in self._rules:
            self._rules[worth.name] = self._standing(worth)
        return self._rules[worth.name]

    def _standing(self, worth: Worth) -> int:
        named = Search((Filter("name", worth.name),), ("rule_id",))
        # The database does not mind capitals; a rule of the merchant's own must not be taken for ours.
        found = [
            rule
            for rule in self._client.search("salesRules/search", wire.Rule, named).rows
            if rule.name == worth.name
        ]
        if not found:
            body = {"rule": rules.written(worth, self._groups.ids())}
            return self._client.send("POST", "salesRules", body, wire.Rule).rule_id
        standing = next((rule for rule in found if rule.is_active), None)
        if standing is None:
            raise NotOurWay(
                f"The shop's price rule {worth.name!r} is switched off; switch it on, or give another reward."
            )
        self._mend(standing, worth)
        return standing.rule_id

    def _mend(self, rule: wire.Rule, worth: Worth) -> None:
        """Let the rule give what its name says, to every group; what else the merchant changed on it stays."""
        groups = sorted({*(rule.customer_group_ids or []), *self._groups.ids()})
        if self._stands(rule):
            self._admit(rule, groups)
            return
        mended = self._change(rule, {**rules.promised(worth), "customer_group_ids": groups})
        if not self._stands(mended):
            raise NotOurWay(
                f"The shop keeps its price rule {worth.name!r} otherwise than its name says; delete the rule there."
            )

    def _stands(self, rule: wire.Rule) -> bool:
        return rules.stands(rule, self._stores.currency_of(rule.website_ids or []))

    def _admit(self, rule: wire.Rule, groups: list[int]) -> None:
        missing = set(groups) - set(rule.customer_group_ids or [])
        if not missing:
            return
        self._change(rule, {"customer_group_ids": sorted({*(rule.customer_group_ids or []), *missing})})

    def _change(self, rule: wire.Rule, changes: dict[str, object]) -> wire.Rule:
        whole = self._client.whole(f"salesRules/{rule.rule_id}")
        return self._client.send(
            "PUT", f"salesRules/{rule.rule_id}", {"rule": {**whole, **changes}}, wire.Rule
        )

    def _lasting(self) -> Iterator[wire.Rule]:
        """Yield our rules without a last day, or whose last day is to come or not long past."""
        today = self._client.now().astimezone(ZoneInfo(self._stores.main.timezone)).date()
        yield from self._our_rules(Filter("to_date", (today - STILL_READ).isoformat(), "gteq"))
        yield from self._our_rules(Filter("to_date", "1", "null"))

    def _our_rules(self, lasting: Filter) -> Iterator[wire.Rule]:
        named = Filter("name", f"{rules.PREFIX}%", "like")
        for page in walk.by_id(self._client, walk.RULES, wire.Rule, _rule_number, filters=(named, lasting)):
            yield from (rule for rule in page.rows if (rule.name or "").startswith(rules.PREFIX))

    def _found(self, code: str) -> wire.Coupon | None:
        named = Search((Filter("code", code),), ("coupon_id",))
        rows = self._client.search("coupons/search", wire.Coupon, named).rows
        return next((row for row in rows if (row.code or "").upper() == code.upper()), None)

    def _found_among(self, codes: Sequence[str]) -> dict[str, wire.Coupon]:
        """Return those of these codes that the shop has, by their capitals."""
        found: dict[str, wire.Coupon] = {}
        for start in range(0, len(codes), 100):
            chosen = (among("code", codes[start : start + 100]),)
            for page in walk.by_id(self._client, walk.COUPONS, wire.Coupon, _number, filters=chosen):
                found |= {row.code.upper(): row for row in page.rows if row.code}
        return found

    def _rule_of(self, found: wire.Coupon) -> wire.Rule | None:
        """Return the rule of a code of ours; None: the code is somebody else's, or gone with its rule."""
        try:
            rule = self._client.read(f"salesRules/{found.rule_id}", wire.Rule)
        except Gone:
            return None
        return rule if (rule.name or "").startswith(rules.PREFIX) else None

    def _read(self, row: wire.Coupon, rule: wire.Rule) -> Coupon:
        return rules.read(
            rule,
            row.code or "",
            moment(row.created_at) if row.created_at else _UNKNOWN,
            bool(row.times_used),
            self._stores.currency_of(rule.website_ids or []),
            self._stores.main.timezone,
        )


_UNKNOWN = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _post(client: Client, rule_id: int, codes: tuple[str, ...]) -> dict[str, CouponMade]:
    """Make codes on a rule; those that the shop does not take are left out."""
    made = {}
    for code in codes:
        try:
            made[code] = _one(client, rule_id, code)
        except Forbidden:
            raise
        except Refused:
            continue
    return made


def _one(client: Client, rule_id: int, code: str) -> CouponMade:
    # Type 1 is a generated code, the only kind of which a rule may carry many.
    body = {"rule_id": rule_id, "code": code, "type": 1, "is_primary": False}
    limits = {"usage_limit": 1, "usage_per_customer": 1}
    made = client.send("POST", "coupons", {"coupon": {**body, **limits}}, wire.Coupon)
    return CouponMade(str(made.coupon_id))


def _number(row: wire.Coupon) -> int:
    return row.coupon_id


def _rule_number(rule: wire.Rule) -> int:
    return rule.rule_id
