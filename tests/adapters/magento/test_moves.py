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
from connector.flow import leaving
from connector.hall import DoorStep
from connector.house import House, furnish
from connector.port import Known, Refused, ShopFacts
from connector.store import merchants, shops
from connector.store.shops import Shop

COPY = "https://copy.test/"


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


def test_a_shop_of_which_nothing_answers_where_it_was_moves_with_a_code_of_its_own_merchant_only(
    home: House, sandbox: Any, second: Second
) -> None:
    """Whoever once set up its integration holds the key and secret too; moved to them, they would be signed in."""
    connect(home, sandbox.address, sandbox.keys)
    (before,) = connected(home)
    secret = keys.unpacked(home.vault(before).read()).hook_secret
    sandbox.close()
    with home.database.everyone() as connection:
        stranger = merchants.add(
            connection, home.database.ring, "Stranger", "EUR", "Europe/Amsterdam", "en", home.now()
        )
    with home.database.merchant(stranger) as tx:
        foreign = merchants.give_pass(tx, "join", home.now(), timedelta(hours=1))
    said = {
        "": ({"merchant_code": Mistake.CODE_WANTED}, sandbox.address),
        "guessed": ({"merchant_code": Mistake.TURNED_DOWN}, ""),
        foreign: ({"merchant_code": Mistake.TURNED_DOWN}, ""),
    }
    for code, wanted in said.items():
        with pytest.raises(NotConnected) as error:
            connect(home, second.address, sandbox.keys, code)
        assert mistake_of(error) == wanted
        assert connected(home) == (before,)
    connect(home, second.address, sandbox.keys, code_of(home, before))
    (after,) = connected(home)
    assert (after.id, after.merchant_id, after.key) == (before.id, before.merchant_id, before.key)
    assert (after.address, after.state) == (second.address, "connected")
    assert keys.unpacked(home.vault(after).read()).hook_secret == secret
    assert home.line(after).counts().orders == 0


@pytest.mark.parametrize("how", [{"status": 503, "retry_after": 600}, {"status": 429}, {"status": 500}])
def test_a_shop_that_is_only_ill_for_a_moment_has_not_moved_even_for_who_has_a_code(
    home: House, sandbox: Any, second: Second, how: dict[str, Any]
) -> None:
    connect(home, sandbox.address, sandbox.keys)
    (before,) = connected(home)
    tokens = home.vault(before).read()
    ordered = {"requests": [{"times": 99} | how]}
    requests.post(f"{sandbox.address}_sandbox/faults", json=ordered, timeout=60).raise_for_status()
    for code in ("", code_of(home, before)):
        with pytest.raises(NotConnected) as error:
            connect(home, second.address, sandbox.keys, code)
        assert mistake_of(error) == ({"address": Mistake.ILL_WHERE_IT_WAS}, sandbox.address)
    assert connected(home) == (before,)
    assert home.vault(before).read() == tokens


@pytest.mark.parametrize("removed", [False, True])
def test_of_a_shop_whose_old_keys_are_dead_or_deleted_a_copy_takes_the_place_by_no_keys_alone(
    home: House, sandbox: Any, removed: bool
) -> None:
    connect(home, sandbox.address, sandbox.keys)
    (before,) = connected(home)
    kept = keys.unpacked(home.vault(before).read())
    if removed:
        with home.database.merchant(before.merchant_id) as tx:
            leaving.remove(tx, before.id, home.settings.forgotten_log, home.now())
    else:
        other_integration(sandbox)
    hall = DoorStep(home, platform)
    facts = ShopFacts(COPY, "Copy", "EUR", "Europe/Amsterdam", sign=kept.sign)
    copy = install.Tried(facts, msgspec.structs.replace(kept, token="t" * 32, token_secret="u" * 32))
    with pytest.raises(NotConnected) as error:
        install.insist_moved(copy, hall, home.settings.private_hosts, install.patience(), "")
    assert mistake_of(error) == ({"merchant_code": Mistake.CODE_WANTED}, sandbox.address)
    with pytest.raises(Refused):
        hall.reconnect(install.installed(copy))
    assert (hall.known(COPY), hall.known(sandbox.address)) == (
        None,
        Known("removed" if removed else "connected"),
    )


def test_by_the_identity_link_the_code_is_asked_for_on_the_page_and_the_exchange_waits_for_it(
    home: House, web: Any, sandbox: Any, second: Second
) -> None:
    public = {"public_url": f"http://127.0.0.1:{web.port}"}
    requests.post(f"{sandbox.address}_sandbox/activate", json=public, timeout=60).raise_for_status()
    (before,) = connected(home)
    sandbox.close()
    reauthorize = f"{second.address}_sandbox/reauthorize"
    told = requests.post(reauthorize, json=public, timeout=60)
    assert (told.status_code == 200, "nothing there says that it has moved" in told.text) == (False, True)
    assert connected(home) == (before,)
    code = {"merchant_code": code_of(home, before)}
    told = requests.post(reauthorize, json=public | code, timeout=60)
    assert told.json()["status"] == 200, told.text
    (after,) = connected(home)
    assert (after.id, after.address, after.state) == (before.id, second.address, "connected")


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


def test_another_integration_of_a_shop_that_was_removed_is_told_so_and_how_to_go_on_or_begin_anew(
    home: House, sandbox: Any, second: Second
) -> None:
    sandbox.shop.extras["base_url"] = sandbox.address
    connect(home, sandbox.address, sandbox.keys)
    (first,) = connected(home)
    log = home.settings.forgotten_log
    with home.database.merchant(first.merchant_id) as tx:
        leaving.remove(tx, first.id, log, home.now())
    fresh, code = other_integration(sandbox), code_of(home, first)
    with pytest.raises(NotConnected) as error:
        connect(home, second.address, fresh, code)
    assert mistake_of(error) == ({"address": Mistake.REMOVED_AT}, sandbox.address)
    # What the sentence says holds: at that address it is the same shop again, and erased it is a new one.
    connect(home, sandbox.address, fresh)
    (again,) = connected(home)
    assert (again.id, again.merchant_id) == (first.id, first.merchant_id)
    with home.database.merchant(first.merchant_id) as tx:
        leaving.remove(tx, first.id, log, home.now())
        assert leaving.erase(tx, first.id, log, home.now())
    connect(home, second.address, other_integration(sandbox), code)
    (new,) = connected(home)
    assert (new.id == first.id, new.merchant_id, new.address) == (False, first.merchant_id, second.address)


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
