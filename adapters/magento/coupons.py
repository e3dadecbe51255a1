"""Making codes, ending them and listing them. A code is ours when its rule's name begins with our prefix."""

import contextvars
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from msgspec.structs import replace

from connector.port import CodeRefused, CodeResult, CodeTaken, CouponMade, Doubtful, Forbidden, Refused
from connector.records import Coupon

from . import rules, walk, wire
from .answers import Gone
from .client import MOST_ROWS, Client
from .criteria import Filter, Search, among
from .read import moment
from .rules import Worth
from .standing import NotOurWay, Standing
from .stores import Stores


class Coupons:
    """The codes of ours in one shop."""

    def __init__(
        self, client: Client, standing: Standing, stores: Stores, second: Callable[[], Client] | None = None
    ) -> None:
        """`second` opens a line of its own, for a call beside another one."""
        self._client = client
        self._second = second
        self._rules = standing
        self._stores = stores

    def make(self, coupon: Coupon) -> CouponMade | CodeTaken:
        """Make the code on the rule of its worth, or find it there."""
        worth = rules.worth(coupon, self._stores.main.timezone, self._websites(coupon))
        remembered = self._rules.known(worth) is not None
        try:
            return self._made(coupon.code, self._rules.carrying(worth))
        except NotOurWay:
            raise
        except Refused:
            # The messages are translated, so look for the reason: does the code exist, or is the rule gone?
            found = self._found(coupon.code)
            if found is not None:
                return self._found_there(found, worth)
            if not remembered:
                raise
            self._rules.forget(worth)
            return self._made(coupon.code, self._rules.carrying(worth))

    def make_many(self, coupon: Coupon, codes: tuple[str, ...]) -> tuple[CodeResult, ...]:
        """Make codes of one worth, two calls at a time; of those that the shop does not take, look for the reason."""
        worth = rules.worth(coupon, self._stores.main.timezone, self._websites(coupon))
        made: dict[str, CodeResult] = {}
        made |= self._posted(self._rules.carrying(worth), codes)
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
        there, right = CouponMade(str(found.coupon_id)), self._rules.known(worth)
        if found.rule_id == right:
            return there
        rule = self._rules.of(found)
        if rule is None:
            return CodeTaken()
        if right is None or found.times_used or (rule.is_active and self._rules.stands(rule)):
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
        ours = {key: rule for key, row in carrying.items() if (rule := self._rules.of(row)) is not None}
        gone = [row.code for row in unused if row.rule_id in ours]
        if not gone:
            return
        # What is missing by now is fine; without this word one missing code would stop all of it.
        body = {"codes": gone, "ignoreInvalidCoupons": True}
        if self._client.send("POST", "coupons/deleteByCodes", body, wire.Deleted).failed_items:
            raise Doubtful("The shop did not delete every code that it was asked to.")
        for rule in ours.values():
            self._rules.sweep(rule)

    def _delete(self, found: wire.Coupon | None) -> None:
        if found is None or self._rules.of(found) is None:
            return
        try:
            self._client.send("DELETE", f"coupons/{found.coupon_id}", None, bool)
        except Gone:
            return

    def all(self) -> Iterator[Coupon]:
        """Yield every code on our rules; of those past their last day only the ones that ended lately.

        A rule that was changed does not give what its codes were promised with: they are no codes of ours as they stand.
        One that is switched off is left as it is: with it on again they work, and given up they would be lost.
        """
        lasting = (self._rules.lifted(rule) for rule in self._rules.lasting())
        by_id = {rule.rule_id: rule for rule in lasting if not rule.is_active or self._rules.stands(rule)}
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

    def _websites(self, coupon: Coupon) -> tuple[int, ...]:
        # An amount means the currency of the website's books; ten per cent mean the same everywhere.
        anywhere = coupon.kind != "amount" and not coupon.minimum
        websites = self._stores.websites(None if anywhere else coupon.currency)
        if not websites:
            raise Refused(f"No website of the shop keeps its books in {coupon.currency}.")
        return websites

    def _made(self, code: str, rule_id: int) -> CouponMade:
        return _one(self._client, rule_id, code)

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
