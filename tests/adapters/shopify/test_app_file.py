"""What Shopify is told of the app is written from the settings and fits what the code asks for, reads and serves."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from adapters.shopify import app_file, read, settings, subscriptions
from adapters.shopify.platform import platform
from connector import cli
from connector.port import Condition

EXAMPLE = Path(settings.__file__).parent / app_file.NAME
HOME = "https://comeback.example.com"
HOOKS = f"{HOME}/webhooks/shopify"
EVERY = [*subscriptions.DECLARED, *subscriptions.TOPICS]


def file(**env: str) -> dict[str, Any]:
    return tomllib.loads(platform.files({"SHOPIFY_CLIENT_ID": "client-1", **env}, HOME)[app_file.NAME])


def topics(found: dict[str, Any], kind: str) -> list[str]:
    return [topic for it in found["webhooks"]["subscriptions"] for topic in it.get(kind, [])]


def test_the_example_is_what_the_command_writes_without_settings() -> None:
    assert EXAMPLE.read_text() == platform.files({}, HOME)[app_file.NAME]


def test_addresses_rights_and_version_are_those_of_the_settings() -> None:
    found = file()
    assert found == {
        "client_id": "client-1",
        "name": "Comeback",
        "handle": "comeback",
        "application_url": f"{HOME}/shopify/",
        "embedded": False,
        "access_scopes": {
            "scopes": ",".join(settings.SCOPES),
            "optional_scopes": list(settings.OPTIONAL),
        },
        "auth": {"redirect_urls": [f"{HOME}/shopify/callback"]},
        "webhooks": {
            "api_version": "2026-10",
            "subscriptions": [
                {"topics": EVERY, "uri": f"{HOOKS}/declared/{subscriptions.declared(HOOKS)}"},
                {"compliance_topics": list(app_file.PRIVACY_TOPICS), "uri": HOOKS},
            ],
        },
        "app_proxy": {"url": f"{HOME}/storefront/shopify", "subpath": "comeback", "prefix": "apps"},
    }
    assert file(SHOPIFY_API_VERSION="2026-07")["webhooks"]["api_version"] == "2026-07"


@pytest.mark.parametrize(("kind", "embedded"), [("public", True), ("custom", False), ("own", False)])
def test_only_a_public_app_stands_inside_the_admin(kind: str, embedded: bool) -> None:
    assert file(SHOPIFY_APP_KIND=kind)["embedded"] is embedded


def test_all_orders_are_asked_for_only_once_they_were_approved() -> None:
    assert "read_all_orders" not in file()["access_scopes"]["scopes"].split(",")
    assert "read_all_orders" in file(SHOPIFY_ALL_ORDERS="yes")["access_scopes"]["scopes"].split(",")


def test_the_three_privacy_topics_are_there() -> None:
    assert sorted(topics(file(), "compliance_topics")) == sorted(platform.privacy_topics)


def test_every_topic_that_is_read_stands_in_the_file_and_nothing_else() -> None:
    readable = set(re.findall(r'"([a-z_]+/[a-z_]+)"', Path(read.__file__).read_text()))
    for kind in ("public", "custom"):
        declared = topics(file(SHOPIFY_APP_KIND=kind), "topics")
        assert len(declared) == len(set(declared)) == 16
        assert set(declared) | set(platform.privacy_topics) == readable


def test_the_file_of_an_own_app_leaves_to_the_api_what_the_api_can_do() -> None:
    found = file(SHOPIFY_APP_KIND="own")
    assert found["webhooks"]["subscriptions"][0] == {"topics": ["app/uninstalled"], "uri": HOOKS}
    assert set(subscriptions.TOPICS).isdisjoint(topics(found, "topics"))


def test_other_topics_or_another_address_are_another_file(monkeypatch: pytest.MonkeyPatch) -> None:
    word = subscriptions.declared(HOOKS)
    assert re.fullmatch("[0-9a-f]{12}", word)
    assert subscriptions.declared("https://moved.example.com/webhooks/shopify") != word
    monkeypatch.setattr(subscriptions, "TOPICS", subscriptions.TOPICS[:-1])
    assert subscriptions.declared(HOOKS) != word


@pytest.mark.parametrize("word", ['"', "\\", "\n", "]", "é", "#", "' \""])
def test_no_setting_can_write_into_the_file(word: str) -> None:
    assert file(SHOPIFY_CLIENT_ID=f"a{word}b")["client_id"] == f"a{word}b"


def test_the_command_prints_the_file() -> None:
    said = CliRunner().invoke(
        cli.commands,
        ["app-file", "shopify"],
        env={"SHOPIFY_CLIENT_ID": "client-1", "SHOPIFY_CLIENT_SECRET": "secret", "PUBLIC_URL": HOME}
        | {"SECRET_KEY": "s" * 64, "ENCRYPTION_KEYS": "k1:" + "A" * 43 + "="},
        catch_exceptions=False,
    )
    assert (said.exit_code, tomllib.loads(said.output)) == (0, file())


def test_a_file_that_shopify_has_and_we_would_not_write_is_found(street: Any) -> None:
    street.install()
    line, shop = street.open_again(subscriptions.declared(HOOKS)), street.shop

    def faults() -> tuple[str, ...]:
        found: Condition = line.examine(HOOKS)
        return found.declared_faults

    assert faults() == ()
    shop.embedded, shop.api_version = True, "2026-07"
    shop.app_scopes = shop.app_scopes.replace("read_orders,", "")
    assert faults() == (
        "asks for no read_orders",
        "says embedded = true",
        "has webhooks come in version 2026-07",
    )
    line = street.open_again("another")
    assert line.examine(HOOKS).file_silent
