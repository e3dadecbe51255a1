"""Subscriptions by the app file: nothing is lost on the way there, and nothing is made twice once messages come by it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from adapters.shopify import subscriptions
from adapters.shopify.platform import platform
from connector import config, rounds
from connector.app import create_app
from connector.doctor import lines
from connector.flow import welcoming
from connector.house import House, furnish
from connector.store import shops, tables

DAY = timedelta(days=1)
ORDERED = Counter(("orders/create", "orders/paid", "orders/updated"))
SILENT = "what its platform was told of Comeback has brought no webhook of late, though others came"


class Home:
    """A house behind a real door, and a shop where an app of one kind is installed."""

    def __init__(self, street: Any, database: Any, kind: str) -> None:
        self.street, self.later, self.seen = street, timedelta(0), 0
        self.server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        urls = {"DATABASE_URL": database.url, "DATABASE_OWNER_URL": database.owner_url}
        more = {"SHOPIFY_APP_KIND": kind, "PUBLIC_URL": self.url}
        env = config.fresh_secrets() | street.environment | urls | more
        self.house: House = msgspec.structs.replace(
            furnish(env, {"shopify": platform}), now=lambda: datetime.now(UTC) + self.later
        )
        self.server.app = create_app(self.house)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        street.install()
        given = street.house.installed[-1]
        arrived = welcoming.welcome(self.house.database, platform, given, datetime.now(UTC))
        self.merchant, self.shop = arrived.merchant_id, arrived.shop_id

    def file(self) -> str:
        (text,) = platform.files(self.house.settings.environment, self.url).values()
        return text

    def deploys(self, text: str) -> None:
        self.street.control("files", {"files": {"shopify.app.toml": text}})

    def looks_over(self) -> int:
        """Look the subscriptions over, as once a day; return how many the API has made."""
        rounds.subscribe(self.house, self.merchant, self.shop)
        return len(self.street.shop.subscriptions)

    def came(self) -> Counter[str]:
        """What has come since the last look, once what is on its way is here, by topic."""
        self.street.quiet()
        with self.house.database.merchant(self.merchant) as tx:
            rows = tx.all(select(tables.inbox.c.topic).order_by(tables.inbox.c.id))
        new, self.seen = rows[self.seen :], len(rows)
        return Counter(row.topic for row in new)

    def told(self) -> tuple[str, ...]:
        with self.house.database.merchant(self.merchant) as tx:
            shop = shops.get(tx, self.shop)
        found = self.house.line(shop).examine(f"{self.url}/webhooks/shopify")
        assert (found.missing_topics, found.stray_topics) == ((), ())
        said = lines.shops(self.house, 20)
        return tuple(one.says for one in said if one.check == "shop.declared")


@pytest.fixture
def open_home(street: Any, database: Any) -> Iterator[Callable[[str], Home]]:
    made = list[Home]()

    def opened(kind: str) -> Home:
        made.append(Home(street, database, kind))
        return made[-1]

    yield opened
    for one in made:
        one.server.shutdown()
        one.server.server_close()
        one.house.close()


@pytest.mark.parametrize("kind", ["custom", "public"])
def test_what_the_api_made_goes_when_messages_come_by_the_file_and_none_is_lost(
    street: Any, open_home: Callable[[str], Home], kind: str
) -> None:
    home = open_home(kind)
    every = len(subscriptions.TOPICS)
    # Before the file is sent: all by the API, as it was for shops of old.
    assert home.looks_over() == every
    street.order()
    assert home.came() == ORDERED
    # Sent, but nothing has come by it yet: nothing is taken away. A message then comes by both roads, and counts once.
    home.deploys(home.file())
    street.shop.embedded = kind == "public"
    assert home.looks_over() == every
    assert home.told() == (SILENT,)
    street.order()
    assert home.came() == ORDERED + ORDERED
    # One has come: the others of the same file would too.
    assert home.looks_over() == 0
    assert home.told() == ()
    street.order()
    street.customer()
    assert home.came() == ORDERED + Counter(["customers/create"])
    rounds.apply(home.house, home.merchant, home.shop)
    with home.house.database.merchant(home.merchant) as tx:
        assert len(tx.all(select(tables.orders.c.id))) == 3


def test_where_messages_stop_coming_by_the_file_the_api_makes_them_again(
    street: Any, open_home: Callable[[str], Home]
) -> None:
    home = open_home("custom")
    home.deploys(home.file())
    street.order()
    assert home.came() == ORDERED
    assert home.looks_over() == 0
    # Somebody sends the file of an older version again, which says nothing of orders.
    home.deploys(home.file().replace('"orders/create",', "").replace("/declared/", "/declared/0"))
    street.customer()
    assert home.came() == Counter(["customers/create"])
    assert home.looks_over() == len(subscriptions.TOPICS)
    # The right one, and then nothing for two days.
    home.deploys(home.file())
    street.order()
    home.came()
    assert home.looks_over() == 0
    home.later = 2 * DAY + timedelta(minutes=1)
    assert home.looks_over() == len(subscriptions.TOPICS)
    # A shop where nothing happens has no wrong file.
    assert home.told() == ()


def test_the_shops_of_an_own_app_are_asked_by_the_api_alone(
    street: Any, open_home: Callable[[str], Home]
) -> None:
    home = open_home("own")
    home.deploys(home.file())
    assert home.looks_over() == len(subscriptions.TOPICS)
    street.order()
    assert home.came() == ORDERED
    assert home.looks_over() == len(subscriptions.TOPICS)
    assert home.told() == ()


def test_a_file_that_cannot_hold_is_refused(street: Any) -> None:
    street.install()
    good = platform.files(street.environment, "https://loyalty.example")["shopify.app.toml"]
    for broken, why in (
        (good.replace("orders/paid", "orders/payed"), "there is no topic orders/payed"),
        (good.replace("shop/redact", "orders/paid"), "no compliance topic"),
        (good.replace("https://loyalty.example/webhooks", "ftp://loyalty.example/webhooks"), "no webhooks"),
        (good.replace('client_id = "', 'client_id = "x'), "another app's"),
        (good[:-1] + "[", "cannot be read"),
    ):
        with pytest.raises(AssertionError, match=why):
            street.control("files", {"files": {"shopify.app.toml": broken}})
    assert street.shop.declared is None
