"""Canaries: known secrets and a known person are taken down the whole road; then everything that came out is searched.

What is searched: every log line and all of stderr, every page and file that the web gave out, the figures for a
monitor, the doctor's findings and a dump of the database; each word plain, in base64, in hex and as a URL writes it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
import pytest
import requests
from shopkeeping import Refused
from sqlalchemy import text
from street import Street

from connector import rounds
from connector.hall import sign_in_url
from connector.loyalty.terms import CurrencyTerms, Terms, Tier, suggested
from connector.store import merchants, shops, vaults
from connector.store.account import programs
from connector.store.postgres import Server

SECRET_KEY = "kanarie-geheim-van-het-huis-0123456789-abcdefghij"
SEALING = bytes(range(101, 133))
OLD_SEALING = bytes(range(11, 43))
METRICS = "kanarie-monitor-woord-77"
PASSWORD = "kanariewachtwoord88"
PERSON = {
    "first": "Quirinus",
    "last": "Zwaluwenburg",
    "mail": "quirinus.zwaluw@kanarie.example",
    "guest": "gast.zwaluw@kanarie.example",
    "phone": "+31655501973",
    "street": "Kanarielaan 77b",
    "note": "laat maar bij de zwaluwbuur",
}
# Where a signed-in merchant is meant to see a person: their card, the list, what a search leads to, a person's own file.
MEANT = re.compile(r"/settings/members|/settings/activity/privacy/\d+\.json")


class Quoting:
    """A shop that answers with what it was asked: our tokens, signatures and all."""

    def __init__(self, inner: Callable[..., Iterable[bytes]]) -> None:
        self.inner, self.status, self.quoted = inner, "", 0

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if not self.status or environ["PATH_INFO"].startswith("/_sandbox"):
            return self.inner(environ, start)
        self.quoted += 1
        said = {name: str(word) for name, word in environ.items() if name.startswith(("HTTP_", "QUERY"))}
        size = int(environ.get("CONTENT_LENGTH") or 0)
        body = json.dumps(
            {"errors": said, "message": str(said), "error": str(environ["wsgi.input"].read(size))}
        ).encode()
        start(self.status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]


class Loud(Street):
    """The street, with shops that can be made to quote us."""

    quoting: list[Quoting]

    def _serve(self, server: Any) -> str:
        server.app = Quoting(server.app)
        self.quoting = [*getattr(self, "quoting", []), server.app]
        return super()._serve(server)


class Heard(msgspec.Struct):
    """What the web gave out: (address, what it said)."""

    said: list[tuple[str, str]]


@pytest.fixture
def loud(database: Any) -> Iterator[Loud]:
    more = {
        "SECRET_KEY": SECRET_KEY,
        "ENCRYPTION_KEYS": f"k2:{_b64(SEALING)},k1:{_b64(OLD_SEALING)}",
        "METRICS_TOKEN": METRICS,
        "DATABASE_URL": database.url.replace("comeback_app@", f"comeback_app:{PASSWORD}@"),
    }
    assert PASSWORD in more["DATABASE_URL"]
    with Loud(database, more) as opened:
        yield opened


def _b64(word: bytes) -> str:
    return base64.b64encode(word).decode()


def disguises(word: str | bytes) -> set[str]:
    """A word as it might stand somewhere: plain, in hex, in base64 at each of its three offsets, as a URL writes it."""
    raw = word if isinstance(word, bytes) else word.encode()
    found = {raw.hex(), raw.hex().upper()}
    for offset in range(3):
        # Whole groups of three bytes only: the others depend on what stands beside them.
        part = raw[(3 - offset) % 3 :]
        found.add(_b64(part[: len(part) // 3 * 3]))
    if isinstance(word, str):
        found |= {word, quote(word), word.lower(), json.dumps(word)[1:-1]}
    return {one for one in found if len(one) >= 6}


def hits(words: Iterable[str | bytes], where: Iterable[tuple[str, str]]) -> list[str]:
    """Where one of the words stands, as "what: where"; the word itself is not repeated."""
    sought = {(name, one) for name, word in enumerate(words) for one in disguises(word)}
    return [f"canary {name} in {place}" for place, said in where for name, one in sought if one in said]


def secrets_of(loud: Loud) -> list[str | bytes]:
    """Every secret there is by now: our settings, and what the shops gave us."""
    found: list[str | bytes] = [SECRET_KEY, SEALING, OLD_SEALING, METRICS, PASSWORD, loud.gifts.client_secret]
    found += [*loud.gifts.desk.access, *loud.gifts.desk.refresh]
    with loud.house.database.merchant(loud.merchant_id) as tx:
        found.append(merchants.code_secret(tx))
        for shop in shops.of_merchant(tx):
            with suppress(vaults.NoTokens):
                kept = json.loads(loud.house.vault(shop).read())
                found += [w for w in kept.values() if isinstance(w, str) and len(w) > 15 and "_" not in w[:6]]
    assert len({str(word) for word in found}) > 10
    return found


def test_the_whole_road_gives_away_neither_a_secret_nor_a_person(
    loud: Loud, written: io.StringIO, postgres: Server, database: Any, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    # The waits between two tries are real ones otherwise.
    monkeypatch.setattr("adapters.shopify.wire.WallClock.sleep", lambda clock, seconds: None)
    secrets = walk(loud, tmp_path, monkeypatch)
    told = written.getvalue()
    assert len(told.splitlines()) > 20, "there is a log to search"
    dump = dumped(postgres, database.name)
    assert dump.count("\n") > 500
    assert "\\\\x" in dump, "bytes stand in the dump as hex"
    pages = loud.heard.said  # type: ignore[attr-defined]
    captured = capfd.readouterr()
    elsewhere = [("log", told), ("stderr", captured.err), ("stdout", captured.out), ("dump", dump)]
    assert hits(secrets, [*elsewhere, *pages]) == []
    people = list(PERSON.values())
    unmeant = [(place, said) for place, said in pages if not MEANT.search(place)]
    assert hits(people, [*elsewhere, *unmeant]) == []
    number = re.compile(rf"(?<![0-9]){loud.customer}(?![0-9])")  # type: ignore[attr-defined]
    assert number.search(dump), "the shop's own number of the person"
    is_forgotten(loud, loud.customer)  # type: ignore[attr-defined]
    assert number.search(dumped(postgres, database.name)) is None
    # And the search finds what is there: the person on their card, the sealed token once it is opened.
    meant = [(place, said) for place, said in pages if MEANT.search(place)]
    assert len(hits([PERSON["last"], PERSON["mail"]], meant)) > 1
    assert hits([PERSON["phone"], PERSON["street"], PERSON["note"]], meant) == [], "never kept at all"
    assert hits([secrets[0]], [("a leak", f"sealed with {SECRET_KEY}")]) != []
    assert hits([PERSON["mail"]], [("a leak", f"\\x00{PERSON['mail'].encode().hex()}ff")]) != []
    assert hits([PERSON["mail"]], [("a leak", _b64(b"?" + PERSON["mail"].encode() + b"!!"))]) != []


def walk(loud: Loud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str | bytes]:
    """Install, import, hear, redeem, fail, forget, look at every page; return every secret that was in play."""
    loud.heard = Heard([])  # type: ignore[attr-defined]
    at = (loud.house.now() - timedelta(days=3)).isoformat()
    ids = {}
    for name, keeper in loud.keepers.items():
        ids[name] = keeper.does(
            "customers", email=PERSON["mail"], first_name=PERSON["first"], last_name=PERSON["last"],
            verified=True, at=at,
        )["id"]  # fmt: skip
    loud.opens(TERMS, "shopify", "magento")
    gifts = loud.keepers["shopify"]
    gifts.does("faults", hold=True)
    lines = [{"title": "Soap", "quantity": 3, "price": "50.00"}]
    gifts.does("orders", customer_id=ids["shopify"], at=at, lines=lines, paid=True)
    gifts.does("orders", email=PERSON["guest"], at=at, lines=lines, paid=True)
    hears(loud)
    loud.works()
    secrets = secrets_of(loud)
    redeems_and_looks(loud, ids["shopify"], monkeypatch)
    is_quoted(loud)
    secrets += secrets_of(loud)
    is_asked_by_the_law(loud, ids["shopify"])
    loud.customer = ids["shopify"]  # type: ignore[attr-defined]
    looks_from_outside(loud, tmp_path)
    return secrets


TERMS = Terms(
    currency="GBP",
    currencies=(CurrencyTerms("GBP"),),
    hold_days=0,
    tiers=(Tier("Silver", 50_00, "canary-silver"),),
    redeemables=suggested("GBP").redeemables,
)


def hears(loud: Loud) -> None:
    """Letters as the shop sends them, with more of the person in them than we want; forged and broken ones too."""
    letters = loud.letters()
    assert letters
    for letter in letters:
        words = json.loads(letter.body)
        words |= {"phone": PERSON["phone"], "note": PERSON["note"], "contact_email": PERSON["mail"]}
        words["shipping_address"] = {
            "address1": PERSON["street"],
            "phone": PERSON["phone"],
            "name": f"{PERSON['first']} {PERSON['last']}",
        }
        body = json.dumps(words).encode()
        full = msgspec.structs.replace(letter, body=body) if isinstance(letter, msgspec.Struct) else letter
        if full is letter:
            letter.body = body
        assert loud.brings(full) == 200
        assert loud.brings(full) == 200
    broken = json.dumps({"id": PERSON["mail"], "email": PERSON["mail"], "note": PERSON["note"]}).encode()
    for body in (broken, broken[:-9], b"\xff" + broken):
        signed = _b64(hmac.new(loud.gifts.client_secret.encode(), body, hashlib.sha256).digest())
        for signature in (signed, "bm8=", loud.gifts.client_secret):
            answer = requests.post(
                f"{loud.url}/webhooks/shopify?token={loud.gifts.client_secret}",
                body,
                headers={
                    "X-Shopify-Topic": "orders/paid",
                    "X-Shopify-Hmac-Sha256": signature,
                    "X-Shopify-Shop-Domain": loud.gifts.domain,
                    "X-Shopify-Webhook-Id": hashlib.md5(body).hexdigest(),
                },
                timeout=60,
            )
            keeps(loud, "/webhooks/shopify", answer)
    assert loud.hints("h-1", order_id=1) in (200, 400)


def keeps(loud: Loud, address: str, answer: requests.Response) -> requests.Response:
    loud.heard.said.append((address, f"{answer.headers} {answer.text}"))  # type: ignore[attr-defined]
    return answer


def redeems_and_looks(loud: Loud, customer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The merchant's visit, in both languages: every page, a redemption, and every way in which a page can fail."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Sec-Fetch-Site"] = "same-origin"
    link = urlsplit(sign_in_url(loud.house, loud.merchant_id)).path
    keeps(loud, "/signin", session.get(loud.url + link, timeout=60))

    def look(address: str, shown: str = "", **how: Any) -> requests.Response:
        return keeps(
            loud,
            shown or address,
            session.request(how.pop("method", "GET"), loud.url + address, timeout=60, **how),
        )

    with loud.house.database.merchant(loud.merchant_id) as tx:
        member = tx.value(text("SELECT member_id FROM customers WHERE id = :id").bindparams(id=customer))
        shop_id = loud.shop_ids["shopify"]
    card = f"/settings/members/{member}"
    token = re.search(r'name="csrf_token" value="([^"]+)"', look(card).text)
    assert token
    form = {"csrf_token": token[1]}
    reward = TERMS.redeemables[0].key
    made = look(
        f"{card}/redeem", method="POST",
        data=form | {"place": f"{shop_id}:{customer}", "reward": reward, "act_key": "a-canary-redeems-1"},
    )  # fmt: skip
    assert made.status_code == 200, made.text[:400]
    loud.works()
    with loud.house.database.merchant(loud.merchant_id) as tx:
        arrived = tx.run(text("SELECT id FROM inbox ORDER BY id")).scalars().all()
    for row in arrived:
        assert look(f"/settings/activity/arrived/{row}").status_code == 200
    for language in ("nl", "en"):
        for address in (
            "/", card, "/settings/members", "/settings/members?q=zzz", "/settings/coupons", "/settings/coupons.csv",
            "/settings/activity", "/settings/activity/sent", "/settings/activity/checks", "/settings/activity/privacy",
            "/settings/programme", "/settings/programme/versions/1", "/settings/shops", "/settings/shops/state",
        ):  # fmt: skip
            assert look(f"{address}{'&' if '?' in address else '?'}lang={language}").status_code == 200, (
                address
            )
        look("/settings/members/search", method="POST", data=form | {"q": PERSON["mail"]})
        look("/settings/members/search", method="POST", data=form | {"q": PERSON["last"]})
        # 400 to 500, each with a canary in what was sent.
        bad = {"q": PERSON["mail"], "reason": PERSON["note"]}
        look("/settings/members/search", shown="400", method="POST", data=bad)
        look(f"/signin/{METRICS}", shown="401", cookies={})
        big = form | {"q": "x" * 3_000_000}
        assert look(f"/settings/{PERSON['guest'].split('@')[0]}", shown="404").status_code == 404
        assert look("/settings/members", shown="405", method="DELETE").status_code == 405
        assert look("/settings/members/search", shown="413", method="POST", data=big).status_code == 413
        broken = ValueError(f"{PERSON['mail']} {SECRET_KEY} {PASSWORD}")
        with monkeypatch.context() as patch:
            patch.setattr("connector.store.merchants.get", _raising(broken))
            answer = look("/settings/coupons", shown="500")
            assert answer.status_code == 500
            look(f"/settings/members?q={PERSON['last']}", shown="/settings/members that broke")


def _raising(error: Exception) -> Callable[..., Any]:
    def raised(*_: object, **__: object) -> Any:
        raise error

    return raised


def is_quoted(loud: Loud) -> None:
    """Shops that answer with our own tokens and the person's words, in every way that is not well."""
    for status in ("500 Oops", "400 Bad", "200 OK", "403 No", "302 There"):
        for quoting in loud.quoting:
            quoting.status = status
        for name, shop_id in loud.shop_ids.items():
            with loud.house.database.merchant(loud.merchant_id) as tx:
                tx.run(text(_FRESH))
            rounds.reconcile(loud.house, loud.merchant_id, shop_id, "full")
            with suppress(Refused):
                loud.keepers[name].does("faults", hold=True)
            with loud.house.database.merchant(loud.merchant_id) as tx:
                tx.run(text(_ONCE_MORE))
                tx.run(
                    text("UPDATE inbox SET state = 'waiting', next_at = NULL WHERE body_sealed IS NOT NULL")
                )
            rounds.apply(loud.house, loud.merchant_id, shop_id)
            rounds.push(loud.house, loud.merchant_id, shop_id)
            rounds.subscribe(loud.house, loud.merchant_id, shop_id)
    for quoting in loud.quoting:
        assert quoting.quoted > 5
        quoting.status = ""
    with loud.house.database.merchant(loud.merchant_id) as tx:
        tx.run(text(_FRESH))


# Of what was pushed twice about one thing, one may wait.
_ONCE_MORE = (
    "UPDATE outbox SET state = 'waiting', next_at = now() - interval '1 second'"
    " WHERE id IN (SELECT max(id) FROM outbox GROUP BY merchant_id, shop_id, kind, subject)"
)
_FRESH = (
    "UPDATE shops SET state = 'connected', busy_until = NULL, probe_at = NULL, probing = false, failures = 0,"
    " failing_since = NULL, failed_at = NULL"
)


def is_asked_by_the_law(loud: Loud, customer: str) -> None:
    loud.keepers["shopify"].does(f"customers/{customer}/data_request")
    for letter in loud.letters():
        assert loud.brings(letter) == 200
    loud.works()
    with loud.house.database.merchant(loud.merchant_id) as tx:
        request_id = tx.value(text("SELECT id FROM privacy WHERE export_sealed IS NOT NULL"))
    assert request_id is not None
    session = requests.Session()
    session.trust_env = False
    session.get(loud.url + urlsplit(sign_in_url(loud.house, loud.merchant_id)).path, timeout=60)
    for address in (
        f"/settings/activity/privacy/{request_id}.json",
        "/settings/activity/privacy",
        "/settings/activity",
    ):
        keeps(loud, address, session.get(loud.url + address, timeout=60))


def is_forgotten(loud: Loud, customer: str) -> None:
    """The shop has them forgotten, and a late message about them comes behind that."""
    gifts = loud.keepers["shopify"]
    gifts.does(f"customers/{customer}", "PATCH", last_name="Late")
    late = loud.letters()
    gifts.does(f"customers/{customer}/redact")
    for letter in [*loud.letters(), *late]:
        assert loud.brings(letter) == 200
    loud.works()


def looks_from_outside(loud: Loud, tmp_path: Path) -> None:
    """What machines and whoever runs Comeback see."""
    for address, word in (("/metrics", METRICS), ("/metrics", "wrong"), ("/readyz", ""), ("/healthz", "")):
        headers = {"Authorization": f"Bearer {word}"} if word else {}
        answer = keeps(loud, address, requests.get(loud.url + address, headers=headers, timeout=60))
        assert answer.status_code == (404 if word == "wrong" else 200)
    for words in (("doctor", "--json"), ("rotate-keys", "--json")):
        told = subprocess.run(
            [sys.executable, "-m", "connector.cli", *words],
            env=loud.env, cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False,
        )  # fmt: skip
        assert "Traceback" not in told.stderr
        loud.heard.said.append((" ".join(words), told.stdout + told.stderr))  # type: ignore[attr-defined]
    wrong = loud.env | {"DATABASE_URL": f"postgresql://comeback_app:{PASSWORD}@127.0.0.1:1/none"}
    told = subprocess.run(
        [sys.executable, "-m", "connector.cli", "doctor"],
        env=wrong, cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert told.returncode == 1
    loud.heard.said.append(("doctor without a database", told.stdout + told.stderr))  # type: ignore[attr-defined]


def dumped(server: Server, name: str) -> str:
    """The whole database as pg_dump writes it."""
    dump = subprocess.run(
        [programs() / "pg_dump", "-h", server.sockets, "-p", str(server.port), "-U", "postgres", name],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dump.stdout
