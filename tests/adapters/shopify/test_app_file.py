"""What Shopify is told of the app fits what the code asks for and serves."""

import tomllib
from pathlib import Path

from adapters.shopify import settings, subscriptions

FILE = tomllib.loads((Path(settings.__file__).parent / "shopify.app.toml").read_text())


def topics(kind: str) -> list[str]:
    return [topic for it in FILE["webhooks"]["subscriptions"] for topic in it.get(kind, [])]


def test_the_three_privacy_topics_are_there() -> None:
    assert sorted(topics("compliance_topics")) == [
        "customers/data_request",
        "customers/redact",
        "shop/redact",
    ]


def test_no_topic_is_subscribed_in_both_places() -> None:
    assert topics("topics") == ["app/uninstalled"]
    assert set(topics("topics")) & set(subscriptions.TOPICS) == set()


def test_scopes_version_and_addresses_are_those_of_the_code() -> None:
    assert tuple(FILE["access_scopes"]["scopes"].split(",")) == settings.SCOPES
    assert FILE["webhooks"]["api_version"] == settings.DEFAULT_VERSION
    assert FILE["application_url"].endswith("/shopify/")
    assert [url.removeprefix("https://comeback.example.com") for url in FILE["auth"]["redirect_urls"]] == [
        "/shopify/callback"
    ]
    assert {it["uri"] for it in FILE["webhooks"]["subscriptions"]} == {
        "https://comeback.example.com/webhooks/shopify"
    }
    assert FILE["embedded"] is False
    assert "use_legacy_install_flow" not in FILE["access_scopes"]
