"""The programme's terms as a form, and back: fields are named as the terms name them ("tiers.1.threshold")."""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Literal, TypeVar

from msgspec import structs

from connector.loyalty import sentences
from connector.loyalty.check import problems
from connector.loyalty.terms import (
    MILLION,
    CurrencyTerms,
    NthOrder,
    Redeemable,
    Reward,
    StageTags,
    Terms,
    Tier,
    WinBack,
    suggested,
)
from connector.money import exponent
from connector.records import EVERYTHING, GIFTS, Scope
from connector.settings import conditions, forms, show
from connector.settings.conditions import COMBINES, KINDS, Able
from connector.settings.forms import Form, Refused, Wrong
from connector.settings.tongue import _, language

T = TypeVar("T")
Rows = Literal["tiers", "nth_orders", "redeemables"]
BASES: tuple[Literal["including_tax", "excluding_tax"], ...] = ("including_tax", "excluding_tax")
ROWS: tuple[Rows, ...] = ("tiers", "nth_orders", "redeemables")
NUMBERS = (
    "earn_points",
    "hold_days",
    "expiry_months",
    "returned_days",
    "tier_window_months",
    "tier_term_months",
    "tier_grace_days",
    "lapse_min_days",
    "usual_gap",
    "loyal_from",
)
STAGES = StageTags.__struct_fields__
MOST_ROWS = 20


def fill(terms: Terms) -> Form:
    """Return the form as it shows these terms."""
    values = {name: str(getattr(terms, name)) for name in NUMBERS}
    values |= {"base": terms.base, "returning_tag": terms.returning_tag}
    values["count_zero_orders"] = "yes" if terms.count_zero_orders else ""
    for n, one in enumerate(terms.currencies):
        values[f"currencies.{n}.currency"] = one.currency
        values[f"currencies.{n}.earn_step"] = show.amount(one.earn_step, one.currency)
        values[f"currencies.{n}.rate"] = _rate_text(one, terms.currency)
    for n, tier in enumerate(terms.tiers):
        values[f"tiers.{n}.name"] = tier.name
        values[f"tiers.{n}.threshold"] = show.amount(tier.threshold, terms.currency)
        values[f"tiers.{n}.tag"] = tier.tag
    for n, rule in enumerate(terms.nth_orders):
        values |= {f"nth_orders.{n}.key": rule.key, f"nth_orders.{n}.name": rule.name}
        values[f"nth_orders.{n}.after"] = str(rule.after)
        values |= _reward_values(f"nth_orders.{n}.reward", rule.reward, terms.currency)
    for n, offer in enumerate(terms.redeemables):
        values |= {f"redeemables.{n}.key": offer.key, f"redeemables.{n}.name": offer.name}
        values[f"redeemables.{n}.points"] = str(offer.points)
        values |= _reward_values(f"redeemables.{n}.reward", offer.reward, terms.currency)
    values |= {f"stage_tags.{stage}": getattr(terms.stage_tags, stage) for stage in STAGES}
    values["notice_days"] = ", ".join(str(days) for days in terms.notice_days)
    return Form(values | _win_back_values(terms))


def _win_back_values(terms: Terms) -> dict[str, str]:
    """Return the fields of the win-back; where there is none, those of the one we suggest, switched off."""
    offer = terms.win_back or suggested(terms.currency).win_back
    if offer is None:
        return {}
    values = {"win_back.given": "yes" if terms.win_back else ""}
    values |= {"win_back.key": offer.key, "win_back.name": offer.name}
    return values | _reward_values("win_back.reward", offer.reward, terms.currency)


def read(typed: Mapping[str, str], before: Terms, able: Able) -> tuple[Terms, Form]:
    """Return the terms that were typed, and the form with what is wrong; with errors the terms mean nothing.

    `before` says which currencies there are: those follow the shops and are not typed. `able`: what the shops can give.
    """
    reading = _Reading(dict(typed), before.currency)
    terms = reading.terms(before)
    unreadable = {wrong.field for wrong in reading.wrongs}
    found = (
        Wrong(problem.field, sentences.problem(problem, language()), problem.warning)
        for problem in (*problems(terms), *able.problems(terms))
        if problem.field not in unreadable
    )
    return terms, Form(reading.values, (*reading.wrongs, *found, *able.warnings(terms)))


def change(typed: Mapping[str, str], wish: str) -> Form:
    """Return the form with a row more or less, as the button pressed says: "add:tiers" or "remove:tiers.1"."""
    verb, _colon, what = wish.partition(":")
    prefix, _dot, number = what.partition(".")
    if prefix not in ROWS:
        return Form(typed)
    if verb == "remove" and number.isdecimal() and len(number) < 4:
        return Form(forms.remove_row(typed, prefix, int(number)))
    if verb == "add" and len(Form(typed).rows(prefix)) < MOST_ROWS:
        return Form(forms.add_row(typed, prefix, _blank(prefix)))
    return Form(typed)


class _Reading:
    """One pass over what was typed; collects what cannot be read."""

    def __init__(self, values: dict[str, str], currency: str) -> None:
        self.values = values
        self.currency = currency
        self.wrongs: list[Wrong] = []

    def terms(self, before: Terms) -> Terms:
        terms = Terms(
            currency=before.currency,
            currencies=tuple(self.one_currency(n, one.currency) for n, one in enumerate(before.currencies)),
            base=self.choice("base", BASES),
            tiers=tuple(self.tier(f"tiers.{n}") for n in self.rows("tiers")),
            nth_orders=tuple(self.nth_order(f"nth_orders.{n}") for n in self.rows("nth_orders")),
            redeemables=tuple(self.redeemable(f"redeemables.{n}") for n in self.rows("redeemables")),
            returning_tag=self.text("returning_tag"),
            count_zero_orders=self.text("count_zero_orders") == "yes",
            stage_tags=StageTags(*(self.text(f"stage_tags.{stage}") for stage in STAGES)),
            win_back=self.win_back(),
            notice_days=self.get("notice_days", _days, ()),
        )
        return structs.replace(terms, **{name: self.number(name) for name in NUMBERS})

    def win_back(self) -> WinBack | None:
        if self.text("win_back.given") != "yes":
            return None
        return WinBack(self.key("win_back"), self.text("win_back.name"), self.reward("win_back.reward"))

    def one_currency(self, n: int, currency: str) -> CurrencyTerms:
        step = self.money(f"currencies.{n}.earn_step", currency)
        if currency == self.currency:
            return CurrencyTerms(currency, step)
        rate = self.get(f"currencies.{n}.rate", lambda text: _rate(text, currency, self.currency), MILLION)
        return CurrencyTerms(currency, step, rate)

    def tier(self, at: str) -> Tier:
        return Tier(
            self.text(f"{at}.name"), self.money(f"{at}.threshold", self.currency), self.text(f"{at}.tag")
        )

    def nth_order(self, at: str) -> NthOrder:
        return NthOrder(
            self.key(at), self.text(f"{at}.name"), self.number(f"{at}.after"), self.reward(f"{at}.reward")
        )

    def redeemable(self, at: str) -> Redeemable:
        return Redeemable(
            self.key(at), self.text(f"{at}.name"), self.number(f"{at}.points"), self.reward(f"{at}.reward")
        )

    def reward(self, at: str) -> Reward:
        kind = self.choice(f"{at}.kind", KINDS)
        match kind:
            case "amount" | "gift_card" | "store_credit":
                value = self.money(f"{at}.value", self.currency)
            case "percentage" | "buy_x_get_y":
                value = self.get(f"{at}.value", forms.percentage, 1)
            case "free_shipping":
                value = 0
        if kind in GIFTS:
            # Money has no conditions: what stands in their fields, hidden or not, is not meant.
            return Reward(kind, value, valid_days=self.number(f"{at}.valid_days"))
        minimum = self.money(f"{at}.minimum", self.currency) if self.text(f"{at}.minimum") else 0
        reward = Reward(
            kind,
            value,
            minimum,
            self.number(f"{at}.valid_days"),
            self.maybe(f"{at}.minimum_quantity"),
            self.scope(f"{at}.scope"),
            combines=self.choice(f"{at}.combines", COMBINES) if self.text(f"{at}.combines") else "nothing",
        )
        if kind != "buy_x_get_y":
            return reward
        return structs.replace(reward, buys=self.scope(f"{at}.buys"), gets=self.maybe(f"{at}.gets"))

    def scope(self, at: str) -> Scope:
        of = self.text(f"{at}_of")
        return self.get(at, lambda text: conditions.scope(of, text), EVERYTHING)

    def key(self, at: str) -> str:
        """Return the row's key: it never changes once made, so that a reward renamed is still the same one."""
        key = self.text(f"{at}.key")
        if not re.fullmatch("[a-z0-9-]{1,60}", key):
            slug = re.sub("[^a-z0-9]+", "-", self.text(f"{at}.name").lower()).strip("-")[:40]
            key = f"{slug or 'reward'}-{secrets.token_hex(3)}"
            self.values[f"{at}.key"] = key
        return key

    def rows(self, prefix: Rows) -> range:
        return Form(self.values).rows(prefix)[:MOST_ROWS]

    def text(self, name: str) -> str:
        return self.values.get(name, "").strip()

    def number(self, name: str) -> int:
        return self.get(name, forms.whole, 1)

    def maybe(self, name: str) -> int:
        return self.number(name) if self.text(name) else 0

    def money(self, name: str, currency: str) -> int:
        return self.get(name, lambda text: forms.amount(text, currency), 1)

    def choice(self, name: str, offered: Sequence[forms.Word]) -> forms.Word:
        return self.get(name, lambda text: forms.choice(text, offered), offered[0])

    def get(self, name: str, reader: Callable[[str], T], otherwise: T) -> T:
        try:
            return reader(self.text(name))
        except Refused as error:
            self.wrongs.append(Wrong(name, str(error)))
            return otherwise


def _reward_values(at: str, reward: Reward, currency: str) -> dict[str, str]:
    match reward.kind:
        case "amount" | "gift_card" | "store_credit":
            value = show.amount(reward.value, currency)
        case "percentage" | "buy_x_get_y":
            value = show.amount(reward.value, "EUR").removesuffix("00").rstrip(",.")
        case "free_shipping":
            value = ""
    return {
        f"{at}.kind": reward.kind,
        f"{at}.value": value,
        f"{at}.minimum": show.amount(reward.minimum, currency) if reward.minimum else "",
        f"{at}.valid_days": str(reward.valid_days),
        **conditions.fill(at, reward),
    }


def _blank(prefix: str) -> dict[str, str]:
    reward = {"reward.kind": "amount", "reward.value": "", "reward.minimum": "", "reward.valid_days": "60"}
    reward |= conditions.blank()
    match prefix:
        case "tiers":
            return {"name": "", "threshold": "", "tag": ""}
        case "nth_orders":
            return {"key": "", "name": "", "after": "1", **reward}
        case _:
            return {"key": "", "name": "", "points": "", **reward}


def _days(text: str) -> tuple[int, ...]:
    """Read numbers of days parted by commas or spaces; nothing is none. Raise Refused."""
    return tuple(forms.whole(part) for part in re.split(r"[\s,;]+", text) if part)


def _rate_text(one: CurrencyTerms, currency: str) -> str:
    """Write the rate as people know it: what one whole unit of the currency is worth in the merchant's."""
    places = exponent(one.currency) - exponent(currency)
    worth = Decimal(one.rate).scaleb(places - 6).normalize()
    text = f"{worth:f}"
    return text.replace(".", ",") if language() == "nl" else text


def _rate(text: str, currency: str, merchants: str) -> int:
    """Read such a rate as millionths of a minor unit per minor unit; raise Refused."""
    places = 6 + exponent(merchants) - exponent(currency)
    rate = forms.decimal(text).scaleb(places)
    if rate != rate.to_integral_value():
        raise Refused(_("Write at most %(places)s decimals.", places=places))
    return int(rate)
