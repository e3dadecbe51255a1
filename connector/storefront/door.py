"""Who asks for the shopper's page, and what they ask for. Whose it is comes from the shop's signature, nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
import structlog
from flask import Blueprint, Response, render_template, request
from itsdangerous import BadData, URLSafeTimedSerializer

from connector.config import Settings
from connector.port import BadSignature, Platform, Shopper
from connector.secrets import random_word
from connector.store import rates, shops, spent
from connector.store.database import Connection, Database
from connector.store.rates import Limit
from connector.store.shops import Shop
from connector.storefront import page, phrases
from connector.storefront.page import Exchange

FORM_LASTS = timedelta(hours=12)
PROOF_LASTS = timedelta(minutes=5)  # longer than a signature is believed
# A minute, of one shopper, of all of a shop who are signed in, and of all its other visitors: whoever floods the page
# without signing in keeps no shopper from it. Of addresses nothing is counted: the shop calls for its visitors, and what it
# says of them in a header is not signed.
READS, WRITES, ALL, STRANGERS = 60, 5, 3_000, 2_000
_LARGEST = 10_000  # bytes of a form
_log = structlog.get_logger()


class House(Protocol):
    """What the shopper's page needs of the house."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def platforms(self) -> dict[str, Platform]: ...
    @property
    def now(self) -> Callable[[], datetime]: ...
    def key(self, purpose: str) -> bytes: ...


class Asked(msgspec.Struct, frozen=True):
    """What a form of the page carries, signed by us: one exchange of one shopper. `act_key` is the exchange's own."""

    shop_id: int
    customer_id: str
    reward_key: str
    act_key: str


def create_blueprint(house: House) -> Blueprint:
    """Return the shopper's page, to be mounted under `/storefront`."""
    front = Blueprint("storefront", __name__, template_folder="templates")
    words = URLSafeTimedSerializer(house.key("forms of the storefront"), salt="exchange")

    @front.route("/<platform_name>", methods=["GET", "POST"])
    def shown(platform_name: str) -> Response:
        platform = house.platforms.get(platform_name)
        if platform is None:
            return Response(status=404)
        try:
            seen = platform.shopper(house.settings.environment, request.query_string, house.now())
        except BadSignature as error:
            # The query is never shown or logged: whoever learns a signed one could use it again.
            _log.warning("storefront refused", platform=platform.name, reason=str(error))
            return Response(status=401)
        exchanging = request.method == "POST"
        with house.database.everyone() as connection:
            shop = shops.find_by_address(connection, platform.name, seen.address)
            if shop is None or shop.state == "removed":
                return Response(status=404)
            wait = rates.count(
                connection, house.database.ring, _limits(shop, seen, exchanging=exchanging), house.now()
            )
            first = wait is None and (not exchanging or _proved_now(connection, platform, seen, house.now()))
        if wait is not None:
            _log.info("storefront busy", platform=platform.name, shop_id=shop.id, method=request.method)
            return _busy(shop, seen, math.ceil(wait.total_seconds()), exchanging=exchanging)
        return _answer(house, words, shop, seen, first=first)

    return front


def _limits(shop: Shop, seen: Shopper, *, exchanging: bool) -> tuple[Limit, ...]:
    if seen.customer_id is None:
        return (Limit(f"storefront {shop.id} strangers", STRANGERS),)
    own, most = ("writes", WRITES) if exchanging else ("reads", READS)
    return Limit(f"storefront {shop.id} {own} of {seen.customer_id}", most), Limit(
        f"storefront {shop.id}", ALL
    )


def _proved_now(connection: Connection, platform: Platform, seen: Shopper, now: datetime) -> bool:
    """Tell whether this signed query comes for the first time: each makes one exchange at most."""
    return spent.take(connection, f"{platform.name} {seen.proof}", now, now + PROOF_LASTS)


def _busy(shop: Shop, seen: Shopper, seconds: int, *, exchanging: bool) -> Response:
    language = _language()
    html = render_template(
        "storefront/busy.html",
        say=phrases.phrases(language),
        place=seen.place,
        shop=shop.name,
        language=language,
        seconds=seconds,
        exchanging=exchanging,
    )
    answer = _sent(html, seen, language)
    answer.status_code = 429
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _answer(
    house: House, words: URLSafeTimedSerializer, shop: Shop, seen: Shopper, *, first: bool
) -> Response:
    language = _language()
    exchange = None
    with house.database.merchant(shop.merchant_id) as tx:
        if first and request.method == "POST" and (asked := _asked(words, shop, seen)) is not None:
            exchange = Exchange(asked.reward_key, asked.act_key)

        def word(reward_key: str) -> str:
            assert seen.customer_id is not None
            return words.dumps(
                msgspec.to_builtins(Asked(shop.id, seen.customer_id, reward_key, random_word()))
            )

        html = page.show(tx, shop, seen, exchange, word, language, house.now())
    return _sent(html, seen, language)


def _language() -> str:
    return request.accept_languages.best_match(phrases.LANGUAGES) or "en"


def _sent(html: str, seen: Shopper, language: str) -> Response:
    answer = Response(inert(html), mimetype=seen.mimetype)
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Content-Language"] = language
    return answer


def _asked(words: URLSafeTimedSerializer, shop: Shop, seen: Shopper) -> Asked | None:
    """Return the exchange that the form asks for; None where it was not made by us for this very shopper, or long ago."""
    if seen.customer_id is None or (request.content_length or 0) > _LARGEST:
        return None
    try:
        kept = words.loads(request.form.get("exchange", ""), max_age=int(FORM_LASTS.total_seconds()))
        asked = msgspec.convert(kept, Asked)
    except (BadData, msgspec.ValidationError):
        return None
    return asked if (asked.shop_id, asked.customer_id) == (shop.id, seen.customer_id) else None


def inert(html: str) -> str:
    """Return the page with no brace in it: a shop that sets it into its own would run what stands between two."""
    return html.replace("{", "&#123;").replace("}", "&#125;")
