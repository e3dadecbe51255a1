"""Connections go where they may go, whatever the name says the second time."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest

from adapters.magento import network
from adapters.magento.client import Client
from adapters.magento.keys import Keys
from connector import addresses
from connector.port import TryLater, is_public

KEYS = Keys("ck", "cs", "tk", "ts", "hook")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::a00:1", False),
        ("::127.0.0.1", False),
        ("::10.0.0.1", False),
        ("::ffff:0:10.0.0.1", False),
        ("::ffff:0:a9fe:a9fe", False),
        ("400::1", False),
        ("fec0::1", False),
        ("192.88.99.1", False),
        ("not an address", False),
    ],
)
def test_only_addresses_of_the_internet_at_large_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


def _resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Make every look-up give the next of the answers, and every connection be noted instead of made."""
    made: list[str] = []
    left = list(answers)

    def look_up(host: str, port: int, **named: Any) -> list[Any]:
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    def connect(address: tuple[str, int], *rest: Any, **named: Any) -> socket.socket:
        made.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(network, "create_connection", connect)
    return made


def test_a_name_that_points_inside_is_never_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    made = _resolving(monkeypatch, ["10.0.0.5"])
    with pytest.raises(TryLater, match="cannot be reached"):
        Client("https://shop.test/", KEYS).call("GET", "orders")
    assert made == []


def test_one_inside_address_among_public_ones_spoils_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    made = _resolving(monkeypatch, ["93.184.215.14", "127.0.0.1"])
    with pytest.raises(TryLater):
        Client("https://shop.test/", KEYS).call("GET", "orders")
    assert made == []


def test_a_name_that_changes_its_mind_is_caught_at_the_next_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = _resolving(monkeypatch, ["93.184.215.14"], ["127.0.0.1"])
    client = Client("https://shop.test/", KEYS)
    for _ in range(2):
        with pytest.raises(TryLater):
            client.call("GET", "orders")
    assert made == ["93.184.215.14"]


@pytest.mark.parametrize("host", ["shop.test", "shop.test."])
def test_a_name_with_addresses_of_ip_version_6_only_is_reached_at_the_one_that_was_checked(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    made = _resolving(monkeypatch, ["2606:2800:21f:cb07:6820:80da:af6b:8b2c"], ["::1"])
    with pytest.raises(TryLater):
        Client(f"https://{host}/", KEYS).call("GET", "orders")
    assert made == ["2606:2800:21f:cb07:6820:80da:af6b:8b2c"]
    with pytest.raises(TryLater):
        Client(f"https://{host}/", KEYS).call("GET", "orders")
    assert len(made) == 1, "the second answer is this machine, and nobody connects to it"


def test_a_trailing_dot_opens_no_way_round_the_list_of_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = _resolving(monkeypatch, ["127.0.0.1"])
    for address in ("https://localhost./", "https://shop.test.:8098/"):
        with pytest.raises(TryLater):
            Client(address, KEYS, frozenset({"localhost:8099", "shop.test:8099"})).call("GET", "orders")
    assert made == []


def test_being_refused_and_being_unreachable_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    for told in (["10.0.0.5"], ["93.184.215.14"]):
        _resolving(monkeypatch, told)
        with pytest.raises(TryLater) as raised:
            Client("https://shop.test/", KEYS).call("GET", "orders")
        said.append(str(raised.value))
    assert said[0] == said[1]


def test_the_list_of_allowed_hosts_is_read_with_its_ports() -> None:
    assert network.allowed_hosts(" 127.0.0.1:8099, Shop.test:443 ,") == {"127.0.0.1:8099", "shop.test:443"}
    assert network.allowed_hosts("") == frozenset()


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9/")
    assert network.session(frozenset()).trust_env is False


def test_a_resolver_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()
    monkeypatch.setattr(addresses, "LOOK_UP", 0.05)

    def silent(*_: Any, **__: Any) -> None:
        answers.wait(60)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    begun = time.monotonic()
    with pytest.raises(TryLater, match="cannot be reached"):
        Client("https://shop.test/", KEYS).call("GET", "orders")
    assert time.monotonic() - begun < 30
    answers.set()
