"""Changing the encryption key under a house that goes on working; and what does not open, and why."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from connector import logs, rotation
from connector.app import create_app
from connector.doctor import examine
from connector.doctor import keys as doctor_keys
from connector.house import House, furnish
from connector.port import Delivery, ShopFacts
from connector.records import Customer
from connector.secrets import CannotOpen, KeyRing, key_of
from connector.store import exports, inbox, members, merchants, people, proofs, sealed, shops, vaults
from connector.store.shops import Shop

K1, K2, K3 = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2, 3))


def at_keys(env: dict[str, str], paper: ModuleType, *keys: str) -> House:
    """The same house with other keys, the newest first."""
    return furnish(
        env | {"ENCRYPTION_KEYS": ",".join(keys)}, {"paper": paper.PaperPlatform()}, lambda: paper.NOW
    )


def fill(house: House, shop: Shop, count: int) -> None:
    """Words in every sealed column there is."""
    now = house.now()
    with house.database.merchant(shop.merchant_id) as tx:
        made = members.new(tx, count, now)
        some = [
            Customer(str(n), now, now, email=f"c{n}@example.nl", email_verified=True, name=f"Name {n}")
            for n in range(count)
        ]
        people.keep(tx, shop.id, list(zip(some, made, strict=True)))
        inbox.keep(tx, shop.id, Delivery("d-1", "orders/paid", b"a message", None), "webhook", now)
        proofs.write_down(tx, proofs.Deed(shop.name, "data_asked", now, {"customers": 1}), now, b"an export")


@pytest.fixture
def old(env: dict[str, str], paper: ModuleType) -> Any:
    """A house whose words are all sealed with k1, and its shop."""
    house = at_keys(env, paper, f"k1:{K1}")
    with house.database.everyone() as connection:
        merchant_id = merchants.add(connection, house.ring, "P", "EUR", "Europe/Amsterdam", "nl", paper.NOW)
    with house.database.merchant(merchant_id) as tx:
        facts = ShopFacts("paper.example", "Paper Shop", "EUR", "Europe/Amsterdam", "nl")
        shop = shops.add(tx, "paper", "tags", facts, paper.NOW)
        vaults.keep(tx, shop.id, b"tokens")
    yield house, shop
    house.close()


def all_opens(house: House, shop: Shop, count: int) -> None:
    """Every word reads as it was written, by the code that reads it in earnest."""
    from connector.store.reading import privacy as requests

    assert house.vault(shop).read() == b"tokens"
    with house.database.merchant(shop.merchant_id) as tx:
        assert len(merchants.code_secret(tx)) == 43
        (told,) = exports.of(tx, shop.id, ["7"])
        assert (told["email"], told["name"]) == ("c7@example.nl", "Name 7")
        assert len(exports.of(tx, shop.id, [str(n) for n in range(count)])) == count
        (waiting,) = inbox.waiting(tx, shop.id, house.now(), 9)
        assert waiting.delivery.body == b"a message"
        assert requests.export(tx, tx.value(text("SELECT id FROM privacy")), house.now()) == b"an export"


def test_every_sealed_column_has_its_place_written_down() -> None:
    assert {(table.name, column.name) for table, column in sealed.columns()} == set(sealed.PLACES)


def test_the_newest_key_seals_and_all_open(old: Any, env: dict[str, str], paper: ModuleType) -> None:
    first, shop = old
    fill(first, shop, 9)
    both = at_keys(env, paper, f"k2:{K2}", f"k1:{K1}")
    all_opens(both, shop, 9)
    both.vault(shop)
    with both.database.merchant(shop.merchant_id) as tx:
        vaults.keep(tx, shop.id, b"tokens")
        assert key_of(tx.value(text("SELECT tokens_sealed FROM shops"))) == "k2"
    both.close()


def test_rotating_seals_all_22_words_again_and_the_old_key_can_go(
    old: Any, env: dict[str, str], paper: ModuleType
) -> None:
    first, shop = old
    fill(first, shop, 9)
    both = at_keys(env, paper, f"k2:{K2}", f"k1:{K1}")
    # 9 names, 9 addresses, a message, an export, the shop's tokens, the coupons' secret.
    assert rotation.uses(both) == rotation.Uses("k2", 0, {"k1": 22}, {})
    told: list[int] = []
    assert rotation.rotate(both, told.append) == rotation.Uses("k2", 22, {"k1": 0}, {})
    assert sum(told) == 22
    assert rotation.rotate(both, told.append).done
    assert sum(told) == 22, "a second time there is nothing to do"
    both.close()
    alone = at_keys(env, paper, f"k2:{K2}")
    all_opens(alone, shop, 9)
    alone.close()


def test_a_rotation_killed_in_the_middle_goes_on_and_the_command_says_when_it_is_done(
    old: Any, env: dict[str, str], paper: ModuleType, tmp_path: Path
) -> None:
    first, shop = old
    count = 300
    fill(first, shop, count)
    keys = env | {"ENCRYPTION_KEYS": f"k2:{K2},k1:{K1}", "PATH": os.environ["PATH"], "PAPER_SECRET": ""}
    command = [sys.executable, "-m", "connector.cli", "rotate-keys", "--json"]
    both = at_keys(env, paper, f"k2:{K2}", f"k1:{K1}")
    with psycopg.connect(env["DATABASE_OWNER_URL"].replace("+psycopg", "")) as owner:
        # It cannot come to an end: the messages may be read and not be written.
        owner.execute("LOCK TABLE inbox IN EXCLUSIVE MODE")
        running = subprocess.Popen(
            command, env=keys, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        until = time.monotonic() + 60
        while rotation.uses(both).current < 200:
            assert time.monotonic() < until, "it does not begin"
            time.sleep(0.01)
        os.kill(running.pid, signal.SIGKILL)
        running.communicate()
    middle = rotation.uses(both)
    assert 200 <= middle.current < 2 * count + 4, "killed in the middle, or this shows nothing"
    all_opens(both, shop, count)
    told = subprocess.run(
        command, env=keys, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout) == {
        "newest": "k2",
        "current": 2 * count + 4,
        "old": {"k1": 0},
        "missing": {},
        "shut": [],
        "resealed": 2 * count + 4 - middle.current,
    }
    all_opens(both, shop, count)
    both.close()


def test_what_others_write_meanwhile_is_neither_lost_nor_overwritten(
    old: Any, env: dict[str, str], paper: ModuleType
) -> None:
    first, shop = old
    fill(first, shop, 600)
    both = at_keys(env, paper, f"k2:{K2}", f"k1:{K1}")
    done = threading.Event()
    rounds = 0

    def shopkeeping() -> None:
        """A process that has not been started again yet: it seals with k1, in the same rows."""
        nonlocal rounds
        while not done.is_set():
            rounds += 1
            with first.database.merchant(shop.merchant_id) as tx:
                vaults.keep(tx, shop.id, b"token %d" % rounds)
                at = first.now() + timedelta(seconds=rounds)
                some = [(Customer(str(n), at, at, name=f"Round {rounds}"), 1) for n in range(20)]
                people.keep(tx, shop.id, some)

    writer = threading.Thread(target=shopkeeping)
    writer.start()
    rotation.rotate(both, lambda count: None)
    done.set()
    writer.join()
    assert rounds > 0
    assert both.vault(shop).read() == b"token %d" % rounds
    with both.database.merchant(shop.merchant_id) as tx:
        assert {one["name"] for one in exports.of(tx, shop.id, [str(n) for n in range(20)])} == {
            f"Round {rounds}"
        }
        assert exports.of(tx, shop.id, ["99"])[0]["name"] == "Name 99"
    assert rotation.rotate(both, lambda count: None).done
    both.close()


def test_a_row_that_somebody_holds_is_passed_by_and_told(
    old: Any, env: dict[str, str], paper: ModuleType
) -> None:
    first, shop = old
    fill(first, shop, 9)
    both = at_keys(env, paper, f"k2:{K2}", f"k1:{K1}")
    with first.database.merchant(shop.merchant_id) as tx:
        tx.run(text("SELECT 1 FROM customers WHERE id = '3' FOR UPDATE"))
        left = rotation.rotate(both, lambda count: None)
    assert (left.current, left.old, left.done) == (20, {"k1": 2}, False)
    assert rotation.rotate(both, lambda count: None).done
    both.close()


def test_without_a_key_the_application_says_which_one_and_stays_up(
    old: Any, env: dict[str, str], paper: ModuleType
) -> None:
    first, shop = old
    fill(first, shop, 9)
    lost = at_keys(env, paper, f"k3:{K3}")
    left = rotation.rotate(lost, lambda count: None)
    assert (left.done, left.missing) == (False, {"k1": 22})
    app = create_app(lost)
    client = app.test_client()
    with client.session_transaction() as session:
        session.update(merchant_id=shop.merchant_id, since=int(lost.now().timestamp()))
    stream = io.StringIO()
    logs.set_up(stream)
    with lost.database.merchant(shop.merchant_id) as tx:
        (member_id,) = people.members_of(tx, shop.id, ["7"])
    assert client.get(f"/settings/members/{member_id}").status_code == 500
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200
    line = next(one for one in stream.getvalue().splitlines() if "does not open" in one)
    assert "sealed with key 'k1', which ENCRYPTION_KEYS does not list" in json.loads(line)["reason"]
    lost.close()
    told = {one.about: one for one in examine(env | {"ENCRYPTION_KEYS": f"k3:{K3}"})}["encryption keys"]
    assert not told.well
    assert "22 words are sealed with the key k1" in told.says


def test_the_doctor_says_when_an_old_key_can_go(old: Any, env: dict[str, str], paper: ModuleType) -> None:
    first, shop = old
    fill(first, shop, 9)
    keys = env | {"ENCRYPTION_KEYS": f"k2:{K2},k1:{K1}"}
    assert "k1 still seals 22 words" in _about_keys(keys)
    both = at_keys(env, paper, f"k2:{K2}", f"k1:{K1}")
    rotation.rotate(both, lambda count: None)
    both.close()
    assert "k1 seals nothing any more" in _about_keys(keys)
    assert "k2 seals everything" in _about_keys(env | {"ENCRYPTION_KEYS": f"k2:{K2}"})


def test_a_wrong_key_under_a_known_id_is_not_well(
    old: Any, env: dict[str, str], paper: ModuleType, tmp_path: Path
) -> None:
    first, shop = old
    fill(first, shop, 9)
    says = "22 of 22 words looked at that are sealed with k1 do not open with the k1 that is listed"
    told = rotate_by_command(env | {"ENCRYPTION_KEYS": f"k1:{K2}"}, tmp_path)
    assert told.returncode == 1
    assert f"{says}; the first is merchants.code_secret_sealed of 1" in told.stdout
    for wrong in ([f"k1:{K2}"], [f"k2:{K3}", f"k1:{K2}"]):
        house = at_keys(env, paper, *wrong)
        assert not rotation.rotate(house, lambda count: None).done
        found = list(doctor_keys.keys(house))
        assert [one.says.partition(";")[0] for one in found if not one.well] == [says]
        assert not any("seals everything" in one.says for one in found)
        house.close()


def test_one_damaged_word_among_many_is_named_after_a_rotation(
    old: Any, env: dict[str, str], paper: ModuleType
) -> None:
    first, shop = old
    fill(first, shop, 99)
    damage(first, shop, "overlay(email_sealed placing 'xxxx'::bytea from 9)")
    both = at_keys(env, paper, f"k2:{K2}", f"k1:{K1}")
    left = rotation.rotate(both, lambda count: None)
    assert (left.old, left.done) == ({"k1": 1}, False)
    assert left.shut == (
        sealed.Shut("k1", 1, 1, f"customers.email_sealed of {shop.merchant_id}/{shop.id}/7"),
    )
    both.close()


def test_bytes_that_are_no_sealed_word_end_neither_rotation_nor_doctor(
    old: Any, env: dict[str, str], paper: ModuleType
) -> None:
    first, shop = old
    fill(first, shop, 9)
    both = at_keys(env, paper, f"k2:{K2}", f"k1:{K1}")
    for words in ("03ffee99", "00", "ff", "026b31"):
        damage(first, shop, f"decode('{words}', 'hex')")
        left = rotation.rotate(both, lambda count: None)
        assert (left.done, [one.count for one in left.shut]) == (False, [1])
        (told,) = (one.says for one in doctor_keys.keys(both) if not one.well)
        assert f"the first is customers.email_sealed of {shop.merchant_id}/{shop.id}/7" in told
    both.close()


def damage(house: House, shop: Shop, words: str) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        tx.run(text(f"UPDATE customers SET email_sealed = {words} WHERE id = '7'"))


def rotate_by_command(env: dict[str, str], tmp_path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "connector.cli", "rotate-keys"],
        env=env | {"PATH": os.environ["PATH"], "PAPER_SECRET": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _about_keys(env: dict[str, str]) -> str:
    return " ".join(one.says for one in examine(env) if one.about == "encryption keys")


def test_a_token_moved_to_another_shop_does_not_open(house: House, shop: Shop) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        facts = ShopFacts("b.example", "B", "EUR", "Europe/Amsterdam")
        second = shops.add(tx, "paper", "tags", facts, house.now())
        tx.run(
            text(
                "UPDATE shops SET tokens_sealed = (SELECT tokens_sealed FROM shops WHERE tokens_sealed IS NOT NULL)"
            )
        )
    assert house.vault(shop).read() == b"tokens"
    with pytest.raises(CannotOpen, match=r"does not open as shops\.tokens"):
        house.vault(second).read()


@pytest.mark.parametrize(
    "elsewhere",
    ["(SELECT name_sealed FROM customers WHERE id = '1')", "email_sealed"],
    ids=["another row", "another column"],
)
def test_a_sealed_word_moved_elsewhere_does_not_open(house: House, shop: Shop, elsewhere: str) -> None:
    fill(house, shop, 9)
    with house.database.merchant(shop.merchant_id) as tx:
        tx.run(text(f"UPDATE customers SET name_sealed = {elsewhere} WHERE id = '2'"))
        with pytest.raises(CannotOpen, match=r"does not open as customers\.name"):
            exports.of(tx, shop.id, ["2"])


def test_a_flipped_bit_anywhere_in_a_sealed_word_does_not_open() -> None:
    ring = KeyRing({"k1": b"k" * 32}, b"p" * 40)
    word = ring.seal(b"token", "shops.tokens:1")
    for bit in range(8 * len(word)):
        changed = bytearray(word)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CannotOpen):
            ring.open(bytes(changed), "shops.tokens:1")
