"""An address typed by a merchant leads to a public shop or nowhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connector import guard
from connector.addresses import looked_up
from connector.port import Refused

PUBLIC = "93.184.215.14"


def answering(*addresses: str) -> Callable[[str, int], tuple[str, ...]]:
    return lambda host, port: addresses


def nobody(host: str, port: int) -> tuple[str, ...]:
    raise OSError("no such name")


def refused(url: str, resolve: guard.Resolve) -> str:
    with pytest.raises(Refused) as caught:
        guard.check(url, (), resolve)
    return str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example",
        "https://shop.example/",
        "https://shop.example:443/magasin/",
        "https://SHOP.Example.",
        "https://bücher.example",
        "https://xn--bcher-kva.example/a/b",
        "https://7.shop.example",
    ],
)
def test_public_names_are_let_through(url: str) -> None:
    assert guard.check(url, (), answering(PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c")) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example",
        "ftp://shop.example",
        "file:///etc/passwd",
        "gopher://shop.example",
        "javascript:alert(1)",
        "//shop.example",
        "shop.example",
        "https://",
        "https:///x",
        "https://shop.example:8443",
        "https://shop.example:22",
        "https://shop.example:x",
        "https://shop.example:99999",
        "https://user@shop.example",
        "https://user:word@shop.example",
        "https://@shop.example",
        "https://shop.example#x",
        "https://shop.example?x=1",
        "https://shop.example\\@evil.example",
        "https://shop.example /",
        " https://shop.example",
        "https://shop.example\n",
        "https://shop.example\t.evil.example",
        "https://localhost",
        "https://localhost.",
        "https://intranet",
        "https://127.0.0.1",
        "https://127.1",
        "https://2130706433",
        "https://0x7f000001",
        "https://0x7f.1",
        "https://0177.0.0.1",
        "https://0.0.0.0",
        "https://169.254.169.254",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]",
        "https://[fe80::1%25eth0]",
        "https://①②⑦.⓪.⓪.①",
        "https://" + "a" * 64 + ".example",
        "https://" + "a." * 127 + "example",
        "https://-shop.example",
        "https://shop..example",
        "https://sh_op.example",
        "https://shop.example%00.evil.example",
        "https://[",
    ],
)
def test_hostile_addresses_are_refused_before_anything_is_looked_up(url: str) -> None:
    def never(host: str, port: int) -> tuple[str, ...]:
        raise AssertionError(f"{host} was looked up")

    refused(url, never)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1", "::1", "::", "fe80::1", "fe80::1%2",
        "fc00::1", "fd12::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "2001:0:a00:1::",
        "2001:db8::1", "::127.0.0.1", "::ffff:0:10.0.0.1", "400::1", "fec0::1", "192.88.99.1", "not an address",
    ],
)  # fmt: skip
def test_a_name_that_leads_inside_is_refused_even_when_another_answer_is_public(address: str) -> None:
    refused("https://shop.example", answering(address))
    refused("https://shop.example", answering(PUBLIC, address))


def test_a_private_and_an_unknown_name_get_the_same_answer() -> None:
    private = refused("https://shop.example", answering("10.0.0.1"))
    assert private == refused("https://shop.example", nobody) == refused("https://shop.example", answering())
    assert "10." not in private


def test_what_is_allowed_for_trying_out_is_that_port_on_that_host_only() -> None:
    allowed = {"127.0.0.1:8099"}
    assert guard.check("http://127.0.0.1:8099/shop", allowed, nobody) == "http://127.0.0.1:8099/shop"
    for url in (
        "http://127.0.0.1:8098",
        "http://127.0.0.2:8099",
        "http://127.0.0.1",
        "http://x@127.0.0.1:8099",
    ):
        with pytest.raises(Refused):
            guard.check(url, allowed, nobody)


def test_the_machine_resolves_its_own_name_and_is_refused_by_it() -> None:
    assert set(looked_up("localhost", 443)) <= {"127.0.0.1", "::1"}
    refused("https://x.localhost", lambda host, port: looked_up("localhost", port))
