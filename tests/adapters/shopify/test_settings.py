"""The environment is checked in words that tell what to do, and a sandbox can only stand on this machine."""

import pytest

from adapters.shopify import settings
from adapters.shopify.platform import platform

GOOD = {"SHOPIFY_CLIENT_ID": "id", "SHOPIFY_CLIENT_SECRET": "secret"}


def problems(env: dict[str, str]) -> dict[str, str]:
    return {it.name: it.problem for it in platform.settings(env) if it.problem is not None}


def test_two_variables_are_enough() -> None:
    assert problems(GOOD) == {}
    app = settings.app(GOOD)
    assert (app.version, app.base_url, app.secrets) == ("2026-10", None, ("secret",))


@pytest.mark.parametrize(
    ("word", "kind"), [("", "custom"), ("custom", "custom"), ("public", "public"), ("own", "own")]
)
def test_an_app_is_custom_unless_another_kind_is_named(word: str, kind: str) -> None:
    assert settings.app(GOOD | {"SHOPIFY_APP_KIND": word}).kind == kind
    assert problems(GOOD | {"SHOPIFY_APP_KIND": word}) == {}


def test_a_kind_that_is_none_is_named_with_those_there_are() -> None:
    assert "public" in problems(GOOD | {"SHOPIFY_APP_KIND": "private"})["SHOPIFY_APP_KIND"]


def test_nothing_set_means_shopify_is_not_offered_and_says_so() -> None:
    found = problems({})
    assert set(found) == {"SHOPIFY_CLIENT_ID", "SHOPIFY_CLIENT_SECRET"}
    assert "not offered" in found["SHOPIFY_CLIENT_ID"]


@pytest.mark.parametrize("name", GOOD)
def test_half_of_the_pair_is_a_problem(name: str) -> None:
    assert set(problems({key: value for key, value in GOOD.items() if key != name})) == {name}


@pytest.mark.parametrize(
    "version", ["2026-13", "9999-99", "unstable", "2026-10\n", "2026-1", "2025-10", "2026-11"]
)
def test_a_version_that_is_none_or_too_old_is_refused(version: str) -> None:
    assert set(problems(GOOD | {"SHOPIFY_API_VERSION": version})) == {"SHOPIFY_API_VERSION"}


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example",
        "http://127.0.0.1.evil.example",
        "http://10.0.0.1:80",
        "127.0.0.1:80",
        "http://[",
        "ftp://127.0.0.1",
    ],
)
def test_a_sandbox_elsewhere_is_refused(url: str) -> None:
    assert set(problems(GOOD | {"SHOPIFY_BASE_URL": url})) == {"SHOPIFY_BASE_URL"}


def test_what_is_meant_for_a_shop_goes_to_the_sandbox_when_there_is_one() -> None:
    assert settings.app(GOOD).url("a.myshopify.com", "/x") == "https://a.myshopify.com/x"
    sandbox = settings.app(GOOD | {"SHOPIFY_BASE_URL": "http://127.0.0.1:8090/"})
    assert sandbox.url("a.myshopify.com", "/x") == "http://127.0.0.1:8090/x"


@pytest.mark.parametrize(
    "address",
    [
        "a.myshopify.com\n",
        "evil.com/.myshopify.com",
        "evil.com#.myshopify.com",
        "-a.myshopify.com",
        "a.myshopify.com.evil.com",
        "A.myshopify.com",
        "а.myshopify.com",
        "a.b.myshopify.com",
        "",
        "myshopify.com",
    ],
)
def test_only_a_shops_own_address_is_one(address: str) -> None:
    assert not settings.is_shop(address)


def test_a_shops_address_is_one() -> None:
    assert settings.is_shop("demo-gifts.myshopify.com")
