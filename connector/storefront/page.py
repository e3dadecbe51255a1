"""What one shopper sees: points and tier, what is missing to the next, rewards, codes, and the history in sentences."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec
from flask import render_template

from connector.flow import programme, redeeming, settling
from connector.loyalty import orders, redemptions, sentences, tiers
from connector.loyalty.calendar import local
from connector.loyalty.decide import decide
from connector.loyalty.facts import History, Standing
from connector.loyalty.phrases import Phrases
from connector.loyalty.picture import picture
from connector.loyalty.redeem import CannotRedeem
from connector.loyalty.terms import Redeemable, Version
from connector.loyalty.versions import exchangeable, in_force
from connector.port import Shopper
from connector.records import GIFTS
from connector.store import people
from connector.store.database import Tx
from connector.store.reading import coupons, members
from connector.store.reading.coupons import CodeLine
from connector.store.shops import Shop
from connector.storefront.phrases import phrases

LINES = 20  # of the history on one page
CODES = 10
MOMENT = timedelta(microseconds=1)  # a code ends at the first moment at which it is no longer good


class Exchange(msgspec.Struct, frozen=True):
    """An exchange that the shopper asks for; `act_key` is its own, so that it is made once however often it is sent."""

    reward_key: str
    act_key: str


class Offer(msgspec.Struct, frozen=True):
    """A reward. `word` is what a form sends to make the exchange; it is empty where points are missing."""

    name: str
    points: int
    missing: int
    word: str


class Line(msgspec.Struct, frozen=True):
    """One line of the history, told on the shop's own calendar."""

    day: str
    points: str
    sentence: str


class Code(msgspec.Struct, frozen=True):
    """A code that can be used, or is about to; of a sum on the shopper's account there is none, and `title` says it."""

    code: str
    title: str
    until: str


def show(
    tx: Tx,
    shop: Shop,
    seen: Shopper,
    exchange: Exchange | None,
    word: Callable[[str], str],
    language: str,
    now: datetime,
) -> str:
    """Return the shopper's page; make the exchange they ask for first, where there is one."""
    say, figures = phrases(language), Phrases(language)
    about = {"say": say, "figures": figures, "place": seen.place, "shop": shop.name, "language": language}
    if seen.customer_id is None:
        return render_template("storefront/stranger.html", **about)
    versions = programme.versions(tx)
    member_id = people.member_of_each(tx, shop.id, [seen.customer_id]).get(seen.customer_id)
    if member_id is None or not versions or now < versions[0].starts_at:
        return render_template("storefront/empty.html", **about)
    told = (
        "" if exchange is None else _exchange(tx, shop, seen.customer_id, member_id, exchange, language, now)
    )
    known = settling.recall(tx, [member_id])[member_id]
    standing = decide(known.history, versions, known.booked, now).standing
    terms = in_force(versions, now).terms
    lines = members.ledger(tx, member_id, seen.page * LINES + 1)
    return render_template(
        "storefront/page.html",
        **about,
        told=told,
        balance=standing.balance,
        pending=sum(one.points for one in standing.pending),
        tier=standing.tier,
        ahead=_ahead(known.history, versions, standing, shop, figures, now),
        offers=[
            _offer(one, standing, word)
            for one in terms.redeemables
            if shop.state == "connected" and exchangeable(terms, shop.currency)
        ],
        codes=[_code(one, say, figures, shop) for one in _codes(tx, shop, member_id, now)],
        lines=[
            Line(
                figures.date(local(one.moment, shop.timezone)),
                f"{one.points:+}",
                sentences.tell_shopper(one.inputs, language),
            )
            for one in lines[(seen.page - 1) * LINES : seen.page * LINES]
        ],
        page=seen.page,
        older=len(lines) > seen.page * LINES,
    )


def _exchange(
    tx: Tx, shop: Shop, customer_id: str, member_id: int, wish: Exchange, language: str, now: datetime
) -> str:
    """Make the exchange, or find it made; return what to tell the shopper."""
    try:
        made = redeeming.redeem(
            tx, member_id, shop.id, customer_id, wish.reward_key, wish.act_key, "shopper", now
        )
    except CannotRedeem as refusal:
        return sentences.refusal(refusal, language)
    except redeeming.NotHere:
        return phrases(language)["not_now"]
    kind = f"_{made.reward.kind}" if made.reward.kind in GIFTS else ""
    return phrases(language)[f"made{kind}"].format(code=made.code, name=made.reward_name)


def _ahead(
    history: History,
    versions: tuple[Version, ...],
    standing: Standing,
    shop: Shop,
    figures: Phrases,
    now: datetime,
) -> tuple[str, str] | None:
    """Return the next tier and what it still takes, an empty text for nothing; None where there is none above."""
    terms = in_force(versions, now).terms
    seen = picture(history, versions, redemptions.uses_by_code(history.uses), now)
    counting = orders.counting(seen.sales, terms.count_zero_orders)
    found = tiers.ahead(counting, terms, standing.tier, local(now, shop.timezone))
    if found is None:
        return None
    return found.tier.name, figures.money(found.missing, terms.currency) if found.missing else ""


def _offer(one: Redeemable, standing: Standing, word: Callable[[str], str]) -> Offer:
    missing = max(one.points - standing.balance, 0)
    return Offer(one.name, one.points, missing, "" if missing else word(one.key))


def _codes(tx: Tx, shop: Shop, member_id: int, now: datetime) -> list[CodeLine]:
    """Return what can be used in this shop: live, or on its way there."""
    known = coupons.of_member(tx, member_id, 100)
    usable = [one for one in known if one.shop_id == shop.id and not one.used and one.ends_at > now]
    return [one for one in usable if one.state in ("wanted", "live")][:CODES]


def _code(one: CodeLine, say: Mapping[str, str], figures: Phrases, shop: Shop) -> Code:
    last = max(one.ends_at - MOMENT, one.starts_at)
    until = figures.date(local(last, shop.timezone))
    if one.kind != "store_credit":
        return Code(one.code, one.title, until)
    told = say["given" if one.state == "live" else "underway"]
    return Code("", told.format(amount=figures.money(one.value, one.currency)), until)
