"""Making codes, ending them and listing them. A code is ours when its rule's name begins with our prefix."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connector.port import CodeTaken, CouponMade, Refused
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

    def __init__(self, client: Client, groups: Groups, stores: Stores) -> None:
        self._client = client
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

    def clear(self, code: str) -> None:
        """Delete the code where it is ours and nobody used it."""
        found = self._found(code)
        self._delete(None if found is None or found.times_used else found)

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
        # Type 1 is a generated code, the only kind of which a rule may carry many.
        body = {"rule_id": rule_id, "code": code, "type": 1, "is_primary": False}
        limits = {"usage_limit": 1, "usage_per_customer": 1}
        made = self._client.send("POST", "coupons", {"coupon": {**body, **limits}}, wire.Coupon)
        return CouponMade(str(made.coupon_id))

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


def _number(row: wire.Coupon) -> int:
    return row.coupon_id


def _rule_number(rule: wire.Rule) -> int:
    return rule.rule_id
