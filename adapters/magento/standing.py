"""The price rules of ours that stand in a shop: found again by their names, mended, and taken away when they are done.

What a rule is worth stands in `rules`; here is what of that the shop has.
"""

import contextlib
from collections.abc import Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from connector.port import Forbidden, OutcomeUnknown, Refused

from . import rules, walk, wire
from .answers import Gone
from .client import Client
from .criteria import Filter, Search
from .groups import Groups
from .rules import Worth
from .stores import Stores

STILL_READ = timedelta(days=30)  # behind a rule's last day: a backup brought back may not know of its codes


class NotOurWay(Refused):
    """The merchant has the rule otherwise than its codes were promised."""


class Standing:
    """The rules of ours in one shop. Numbers are remembered as long as the line is open."""

    def __init__(self, client: Client, groups: Groups, stores: Stores) -> None:
        self._client = client
        self._groups = groups
        self._stores = stores
        self._known: dict[str, int] = {}

    def known(self, worth: Worth) -> int | None:
        """Return the number of the rule where it was asked for before."""
        return self._known.get(worth.name)

    def forget(self, worth: Worth) -> None:
        """Ask the shop for the rule next time: it may be gone."""
        self._known.pop(worth.name, None)

    def carrying(self, worth: Worth) -> int:
        """Return the number of the rule of this worth, found or made; raise NotOurWay where the merchant wants none."""
        if worth.name not in self._known:
            self._known[worth.name] = self._found_or_made(worth)
        return self._known[worth.name]

    def stands(self, rule: wire.Rule) -> bool:
        """Do its codes still give what its name says?"""
        return rules.stands(rule, self._stores.currency_of(rule.website_ids or []))

    def lasting(self) -> Iterator[wire.Rule]:
        """Yield our rules without a last day, or whose last day is to come or not long past."""
        since = self._today() - STILL_READ
        yield from self._our_rules(Filter("to_date", since.isoformat(), "gteq"))
        yield from self._our_rules(Filter("to_date", "1", "null"))

    def end(self) -> None:
        """Switch off our rules whose last day is just over: Adobe Commerce minds the days of its scheduled updates alone.

        One that ends otherwise than its name says was changed by the merchant; it is put right when its codes are looked at.
        One that the shop does not save, with a website that is gone, keeps no other one on; its error comes last.
        """
        failed: Refused | OutcomeUnknown | None = None
        today = self._today()
        lately = Filter("to_date", (today - STILL_READ).isoformat(), "gteq")
        over = Filter("to_date", today.isoformat(), "lt"), Filter("is_active", "1")
        for rule in self._our_rules(lately, *over):
            if not rules.ends_as_named(rule):
                continue
            try:
                self._change(rule, {"is_active": False})
            except Forbidden:
                raise
            except (Refused, OutcomeUnknown) as error:
                failed = error
        if failed is not None:
            raise failed

    def lifted(self, rule: wire.Rule) -> wire.Rule:
        """Take the limit per customer off a rule that is right but for it: rules once had it, and so had all their codes."""
        if not rule.uses_per_customer or not self.stands(replace(rule, uses_per_customer=0)):
            return rule
        return self._change(rule, {"uses_per_customer": 0})

    def widen(self, group: wire.Group) -> None:
        """Let the members of a new group use the codes they already have: a rule lists its groups one by one."""
        for rule in self.lasting():
            self._admit(rule, [group.id])

    def of(self, found: wire.Coupon) -> wire.Rule | None:
        """Return the rule of a code of ours; None: the code is somebody else's, or gone with its rule."""
        try:
            rule = self._client.read(f"salesRules/{found.rule_id}", wire.Rule)
        except Gone:
            return None
        return rule if (rule.name or "").startswith(rules.PREFIX) else None

    def sweep(self, rule: wire.Rule) -> None:
        """Delete a rule of ours after its last day when no code hangs on it any more."""
        if rule.to_date is None or rule.to_date[:10] >= self._today().isoformat():
            return
        left = Search((Filter("rule_id", str(rule.rule_id)),), ("coupon_id",), size=1)
        if self._client.search("coupons/search", wire.Coupon, left).total_count:
            return
        with contextlib.suppress(Gone):
            self._client.send("DELETE", f"salesRules/{rule.rule_id}", None, bool)

    def _found_or_made(self, worth: Worth) -> int:
        named = Search((Filter("name", worth.name),), ("rule_id",))
        # The database does not mind capitals; a rule of the merchant's own must not be taken for ours.
        found = [
            rule
            for rule in self._client.search("salesRules/search", wire.Rule, named).rows
            if rule.name == worth.name
        ]
        if not found:
            body = {"rule": rules.written(worth, self._groups.ids())}
            made = self._client.send("POST", "salesRules", body, wire.Rule)
            # 2.4.1 and some after it make zeros of a new rule's day, and no cart takes its codes; a change is kept right.
            self._mend(made, worth)
            return made.rule_id
        # A code that is made late is over; its rule is off because we ended it.
        over = worth.until is not None and worth.until < self._today()
        standing = next((rule for rule in found if rule.is_active or over), None)
        if standing is None:
            raise NotOurWay(
                f"The shop's price rule {worth.name!r} is switched off; switch it on, or give another reward."
            )
        self._mend(standing, worth)
        return standing.rule_id

    def _mend(self, rule: wire.Rule, worth: Worth) -> None:
        """Let the rule give what its name says, to every group; what else the merchant changed on it stays."""
        groups = sorted({*(rule.customer_group_ids or []), *self._groups.ids()})
        if self.stands(rule):
            self._admit(rule, groups)
            return
        mended = self._change(rule, {**rules.promised(worth), "customer_group_ids": groups})
        if not self.stands(mended):
            raise NotOurWay(
                f"The shop keeps its price rule {worth.name!r} otherwise than its name says; delete the rule there."
            )

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

    def _today(self) -> date:
        # Asked first: the answer tells how far the shop's clock is from ours.
        zone = ZoneInfo(self._stores.main.timezone)
        return self._client.now().astimezone(zone).date()

    def _our_rules(self, *which: Filter) -> Iterator[wire.Rule]:
        named = Filter("name", f"{rules.PREFIX}%", "like")
        for page in walk.by_id(self._client, walk.RULES, wire.Rule, _rule_number, filters=(named, *which)):
            yield from (rule for rule in page.rows if (rule.name or "").startswith(rules.PREFIX))


def _rule_number(rule: wire.Rule) -> int:
    return rule.rule_id
