"""What merchants paste becomes one spelling of their shop's address, or is turned down."""

from __future__ import annotations

import pytest

from adapters.magento import address as address_of
from adapters.magento.address import NotAnAddress, folders, normalised


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("shop.example", "https://shop.example/"),
        (" https://Shop.Example ", "https://shop.example/"),
        ("https://shop.example/index.php/admin/dashboard", "https://shop.example/"),
        ("https://shop.example/admin", "https://shop.example/"),
        ("https://shop.example/tea/admin_1a2b3c/admin/dashboard/", "https://shop.example/tea/"),
        ("https://shop.example/administratie/", "https://shop.example/administratie/"),
        ("https://shop.example/nl/", "https://shop.example/nl/"),
        ("https://shop.example/rest/V1", "https://shop.example/"),
        ("https://shop.example:443", "https://shop.example/"),
        ("https://shop.example:8443/", "https://shop.example:8443/"),
        ("http://127.0.0.1:8090", "http://127.0.0.1:8090/"),
        ("https://münchen.example", "https://xn--mnchen-3ya.example/"),
        ("https://shop.example./", "https://shop.example/"),
    ],
)
def test_one_shop_has_one_spelling(typed: str, kept: str) -> None:
    assert normalised(typed) == kept
    assert normalised(kept) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "https://",
        "ftp://shop.example/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://user:word@shop.example/",
        "https://shop.example@evil.example/",
        "https://shop.example/?q=1",
        "https://shop.example/#top",
        "https://shop.example/../admin",
        "https://shop.example/%2e%2e/",
        "https://shop example/",
        "https://shop.example\\@evil.example/",
        "https://shop.example:99999/",
        "https://[::1]/",
        "https://-shop.example/",
        "https://shop_.example/\r\nHost: evil",
    ],
)
def test_what_is_more_or_less_than_an_address_is_turned_down(typed: str) -> None:
    with pytest.raises(NotAnAddress):
        normalised(typed)


@pytest.mark.parametrize(
    ("said", "bases"),
    [
        ("https://shop.test/", ("https://shop.test/",)),
        ("https://shop.test/admin/", ("https://shop.test/", "https://shop.test/admin/")),
        ("https://shop.test/tea/nl_2/", ("https://shop.test/tea/", "https://shop.test/tea/nl_2/")),
        ("https://shop.test/my-shop/", ("https://shop.test/my-shop/",)),
        ("https://shop.test/2.4/", ("https://shop.test/2.4/",)),
    ],
)
def test_the_last_folder_may_be_the_code_of_a_store_view(said: str, bases: tuple[str, ...]) -> None:
    assert address_of.bases(said) == bases


def test_the_folders_of_an_address_are_told_nearest_first_and_of_a_long_one_only_those_near_the_host():
    assert folders("https://shop.example/") == ("https://shop.example/",)
    assert folders("https://shop.example:8443/nl/tea/") == (
        "https://shop.example:8443/nl/tea/",
        "https://shop.example:8443/nl/",
        "https://shop.example:8443/",
    )
    assert folders("https://shop.example/a/b/c/d/e/f/")[:2] == (
        "https://shop.example/a/b/c/d/e/f/",
        "https://shop.example/a/b/c/",
    )
    assert len(folders("https://shop.example/a/b/c/d/e/f/")) == 5
