"""One Magento has many addresses and may change them: it is one shop here all the same, and nobody else's is taken."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import requests

from adapters.magento import install, keys
from adapters.magento.install import Mistake, NotConnected, Typed
from adapters.magento.platform import platform
from adapters.magento.sandbox import create_server
from connector.hall import DoorStep
from connector.house import House, furnish
from connector.store import merchants, shops
from connector.store.shops import Shop


class Second:
    """A further address at which the same installation answers."""

    def __init__(self, sandbox: Any) -> None:
        self._server = create_server(sandbox.shop)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.address = f"http://{self.host}/"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def second(sandbox: Any) -> Iterator[Second]:
    made = Second(sandbox)
    yield made
    made.close()


@pytest.fixture
def both(sandbox: Any, second: Second) -> frozenset[str]:
    return frozenset((sandbox.env["ALLOW_PRIVATE_HOSTS"], second.host))


@pytest.fixture
def home(env: dict[str, str], both: frozenset[str]) -> Iterator[House]:
    """A house that may call both addresses; no shop is connected yet."""
    made = furnish(env | {"ALLOW_PRIVATE_HOSTS": ",".join(both)}, {"magento": platform})
    yield made
    made.close()


def connect(home: House, address: str, kept: keys.Keys, code: str = "") -> None:
    typed = Typed(address, *kept.four, merchant_code=code)
    install.connect(typed, DoorStep(home, platform), home.settings.private_hosts, home.now())


def connected(home: House) -> tuple[Shop, ...]:
    with home.database.everyone() as connection:
        return shops.everywhere(connection)


def code_of(home: House, shop: Shop) -> str:
    with home.database.merchant(shop.merchant_id) as tx:
        return merchants.give_pass(tx, "join", home.now(), timedelta(hours=1))


def other_integration(sandbox: Any) -> keys.Keys:
    """Give the shop a new integration in place of the one it has."""
    sandbox.shop.desk.renew()
    fresh: keys.Keys = sandbox.keys
    return fresh


def mistake_of(error: pytest.ExceptionInfo[NotConnected]) -> tuple[dict[str, Mistake], str]:
    return error.value.mistakes, error.value.to


def test_a_second_address_of_a_connected_shop_is_not_a_second_shop(
    home: House, sandbox: Any, second: Second
) -> None:
    connect(home, sandbox.address, sandbox.keys)
    (first,) = connected(home)
    for code in ("", code_of(home, first)):
        with pytest.raises(NotConnected) as error:
            connect(home, second.address, sandbox.keys, code)
        assert mistake_of(error) == ({"address": Mistake.CONNECTED_AT}, sandbox.address)
    assert [shop.address for shop in connected(home)] == [sandbox.address]


def test_a_shop_that_no_longer_answers_where_it_was_has_moved_with_all_that_was_said_of_it(
    home: House, sandbox: Any, second: Second
) -> None:
    connect(home, sandbox.address, sandbox.keys)
    (before,) = connected(home)
    secret = keys.unpacked(home.vault(before).read()).hook_secret
    sandbox.close()
    connect(home, second.address, sandbox.keys)
    (after,) = connected(home)
    assert (after.id, after.merchant_id, after.key) == (before.id, before.merchant_id, before.key)
    assert (after.address, after.state) == (second.address, "connected")
    assert keys.unpacked(home.vault(after).read()).hook_secret == secret
    assert home.line(after).counts().orders == 0


def test_reauthorize_after_a_move_connects_the_same_shop_at_its_new_address(
    home: House, web: Any, sandbox: Any, second: Second
) -> None:
    public = f"http://127.0.0.1:{web.port}"

    def press(button: str, base: str) -> Any:
        return requests.post(f"{base}_sandbox/{button}", json={"public_url": public}, timeout=60).json()

    press("activate", sandbox.address)
    (before,) = connected(home)
    told = press("reauthorize", second.address)
    assert told["status"] == 200, told
    (after,) = connected(home)
    assert (after.id, after.address, after.state) == (before.id, second.address, "connected")
    assert len(home.merchants()) == 1


def test_who_knows_only_the_public_half_of_the_keys_moves_nobodys_shop(
    home: House, sandbox: Any, second: Second
) -> None:
    connect(home, sandbox.address, sandbox.keys)
    hall = DoorStep(home, platform)
    ours = sandbox.keys
    assert hall.elsewhere(second.address, ours.sign) == sandbox.address
    assert hall.elsewhere(second.address, keys.sign(ours.consumer_key, "guessed")) == ""
    assert hall.elsewhere(second.address, "") == ""
    assert hall.elsewhere(sandbox.address, ours.sign) == "", "it is known there"


def test_another_integration_of_a_connected_shop_is_told_where_it_is_and_a_stranger_only_that_it_is(
    home: House, sandbox: Any, second: Second
) -> None:
    sandbox.shop.extras["base_url"] = sandbox.address
    connect(home, sandbox.address, sandbox.keys)
    (first,) = connected(home)
    fresh = other_integration(sandbox)
    with pytest.raises(NotConnected) as error:
        connect(home, second.address, fresh)
    assert mistake_of(error) == ({"address": Mistake.CONNECTED}, "")
    code = code_of(home, first)
    for _ in range(2):  # a code that helped nothing is not used up
        with pytest.raises(NotConnected) as error:
            connect(home, second.address, fresh, code)
        assert mistake_of(error) == ({"address": Mistake.CONNECTED_AT}, sandbox.address)
    assert (len(connected(home)), len(home.merchants())) == (1, 1)


def test_who_claims_somebodys_address_keeps_them_out_of_nothing(
    home: House, sandbox: Any, second: Second
) -> None:
    """A stranger's shop says that the other's address is its own; the other is connected there all the same."""
    sandbox.shop.extras["base_url"] = sandbox.address
    connect(home, second.address, sandbox.keys)
    connect(home, sandbox.address, other_integration(sandbox))
    assert {shop.address for shop in connected(home)} == {second.address, sandbox.address}
    assert len(home.merchants()) == 2


def test_what_a_shop_calls_its_own_is_kept_as_addresses_are_written(sandbox: Any) -> None:
    sandbox.shop.extras["base_url"] = "https://Shop.EXAMPLE"
    facts = sandbox.line().facts()
    assert (facts.addresses, len(facts.sign)) == (("https://shop.example/",), 64)
    sandbox.shop.extras["base_url"] = "{{base_url}}"
    assert sandbox.line().facts().addresses == ()


def test_a_sign_shows_neither_of_the_keys_it_is_made_of() -> None:
    kept = keys.Keys("k" * 32, "s" * 32, "t" * 32, "u" * 32, "h" * 32)
    renewed = msgspec.structs.replace(kept, token="new", token_secret="new")
    assert kept.sign == renewed.sign != msgspec.structs.replace(kept, consumer_secret="other").sign
    assert "kkk" not in kept.sign
    assert "sss" not in kept.sign
