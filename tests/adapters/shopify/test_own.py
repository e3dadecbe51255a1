"""A merchant's own app: connected from the server, renewed by its credentials, and opened by no page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from adapters.shopify import tokens
from adapters.shopify.platform import platform
from connector import cli, config
from connector.app import create_app
from connector.house import House, furnish
from connector.port import Refused, ShopFacts
from connector.store import shops
from connector.store.shops import Shop

CREDENTIALS = "token client_credentials"


@pytest.fixture
def env(street: Any, database: Any) -> dict[str, str]:
    urls = {"DATABASE_URL": database.url, "DATABASE_OWNER_URL": database.owner_url}
    street.shop.desk.own = True
    return config.fresh_secrets() | street.environment | urls | {"SHOPIFY_APP_KIND": "own"}


@pytest.fixture
def furnished(env: dict[str, str]) -> Any:
    made = furnish(env, {"shopify": platform})
    yield made
    made.close()


def there(house: House) -> list[Shop]:
    with house.database.everyone() as connection:
        return list(shops.everywhere(connection))


@pytest.fixture
def run(env: dict[str, str]) -> Callable[..., tuple[int, str]]:
    def ran(*words: str, **changes: str) -> tuple[int, str]:
        said = CliRunner().invoke(cli.commands, words, env=env | changes)
        return said.exit_code, said.output if said.exception is None else f"{said.output}{said.exception}"

    return ran


def test_a_command_connects_the_shop_and_prints_a_sign_in(
    street: Any, furnished: House, run: Callable[..., tuple[int, str]]
) -> None:
    code, said = run("connect", "shopify", street.address)
    assert code == 0, said
    (shop,) = there(furnished)
    assert (shop.address, shop.state) == (street.address, "connected")
    visitor = create_app(furnished).test_client()
    path = said.strip().partition("/signin/")[2]
    assert visitor.get(f"/signin/{path}").status_code == 302
    assert isinstance(furnished.line(shop).facts(), ShopFacts)


def test_its_access_is_asked_for_anew_when_the_day_is_over(
    street: Any, furnished: House, run: Callable[..., tuple[int, str]]
) -> None:
    assert run("connect", "shopify", street.address)[0] == 0
    (shop,) = there(furnished)
    kept = tokens.unpack(furnished.vault(shop).read())
    assert kept.refresh is None
    assert timedelta(hours=23) < kept.expires_at - datetime.now(UTC) < timedelta(hours=24)
    with furnished.vault(shop).locked() as vault:
        vault.save(tokens.pack(msgspec.structs.replace(kept, expires_at=datetime.now(UTC))))
    before = street.shop.asked[CREDENTIALS]
    furnished.line(shop).facts()
    furnished.line(shop).facts()
    assert street.shop.asked[CREDENTIALS] - before == 1
    assert furnished.line(shop).keep_alive() is None


def test_connecting_again_after_an_uninstall_brings_it_back(
    street: Any, furnished: House, run: Callable[..., tuple[int, str]]
) -> None:
    for _ in range(2):
        assert run("connect", "shopify", street.address)[0] == 0
        (shop,) = there(furnished)
        assert furnished.line(shop).facts().name
        street.control("uninstall")
        with furnished.database.merchant(shop.merchant_id) as tx:
            shops.remove(tx, shop.id, furnished.now())
        assert there(furnished) == []


@pytest.mark.parametrize(
    ("address", "changes", "why"),
    [
        ("demo-gifts.myshopify.com", {"SHOPIFY_APP_KIND": "custom"}, "consent"),
        ("demo-gifts.myshopify.com", {"SHOPIFY_APP_KIND": "public"}, "consent"),
        ("evil.example", {}, "no address"),
    ],
)
def test_what_is_not_its_own_is_not_connected(
    furnished: House, run: Callable[..., tuple[int, str]], address: str, changes: dict[str, str], why: str
) -> None:
    code, said = run("connect", "shopify", address, **changes)
    assert (code != 0, why in said) == (True, True), said
    assert there(furnished) == []


def test_a_shop_of_another_organisation_stays_closed(street: Any, env: dict[str, str]) -> None:
    street.shop.desk.own = False
    with pytest.raises(Refused, match="organisation"):
        platform.connect(env, street.address, "https://comeback.example.com")


def test_no_page_opens_a_shop_by_the_credentials_of_the_server(street: Any, furnished: House) -> None:
    visitor = create_app(furnished).test_client()
    for address in ("/shopify/", "/shopify/install", "/shopify/callback"):
        for _ in range(2):
            answer = visitor.get(address, query_string={"shop": street.address})
            assert "/signin/" not in answer.headers.get("Location", "")
    assert (street.shop.asked[CREDENTIALS], there(furnished)) == (0, [])
