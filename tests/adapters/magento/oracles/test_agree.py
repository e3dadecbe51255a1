"""Our signatures against an independent library's and against Magento's own rules told again, over hostile searches."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import string
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import pytest
import requests

from adapters.magento import criteria, signing
from adapters.magento.criteria import Filter, Search
from adapters.magento.sandbox import oauth

HERE = Path(__file__).parent
CASES = 2_000
# What somebody may write into a name, a code or an address, and what encodings are known to differ in.
SNIPPETS = (
    *string.punctuation, " ", "  ", "+", "%", "%20", "%2B", "%25", "%zz", "&", "=", "a=b&c=d", "\n", "\r\n", "\t", "\0",
    "é", "ß", "日本", "🐦", "\u00a0", "\u200b", "e\u0301", "İ", "~", "-._", "[]", "[10]", "[2]", "..", "//", "?", "#",
    "'or'1",
)  # fmt: skip
WORDS = string.ascii_letters + string.digits


class Pipe:
    """A program that answers every line with a line."""

    def __init__(self, *command: str) -> None:
        self._pipe: Any = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )

    def asked(self, call: dict[str, Any]) -> Any:
        self._pipe.stdin.write(json.dumps(call) + "\n")
        self._pipe.stdin.flush()
        return json.loads(self._pipe.stdout.readline())

    def stop(self) -> None:
        self._pipe.stdin.close()
        self._pipe.wait(60)
        self._pipe.stdout.close()


def hostile(dice: random.Random) -> str:
    parts = [dice.choice(SNIPPETS) for _ in range(dice.randrange(6))]
    return "".join(parts + dice.choices(WORDS, k=dice.randrange(4))) if dice.random() < 0.9 else ""


def address(dice: random.Random) -> str:
    scheme = dice.choice(("https", "http"))
    port = dice.choice(("", "", ":8443", ":8080", ":1"))
    path = dice.choice(("", "", "magento/", "a-b/c_d.e~f/", "index/"))
    return f"{scheme}://{dice.choice(('shop.test', 'www.xn--mnchen-3ya.example', '127.0.0.1'))}{port}/{path}"


def search(dice: random.Random) -> Search:
    fields = ("entity_id", "updated_at", "customer_email", "code")
    filters = tuple(
        Filter(dice.choice(fields), hostile(dice), dice.choice(("eq", "in", "gteq", "like")))
        for _ in range(dice.randrange(criteria.MOST_ENTRIES + 1))
    )
    asked = dice.choice(("", "entity_id,items[sku]", hostile(dice)))
    return Search(filters, fields[: dice.randrange(3)], dice.choice((1, 100, 300)), asked)


def call(dice: random.Random) -> tuple[dict[str, Any], str]:
    """Return a call as the oracles are asked about it, and the signature of ours."""
    secrets = tuple(hostile(dice) or "x" for _ in range(2)) if dice.random() < 0.2 else None
    words = ["".join(dice.choices(WORDS, k=32)) for _ in range(4)]
    four = (words[0], secrets[0] if secrets else words[1], words[2], secrets[1] if secrets else words[3])
    if dice.random() < 0.1:
        four = (*four[:2], "", "")  # as for a request token
    method = dice.choice(("GET", "POST", "PUT", "DELETE"))
    path = dice.choice(("orders", "customers/search", "carts/12/coupons", "coupons/7"))
    query = criteria.query(criteria.pairs(search(dice))) if method == "GET" or dice.random() < 0.3 else ""
    url = f"{address(dice)}rest/V1/{path}" + (f"?{query}" if query else "")
    verifier = "".join(dice.choices(WORDS, k=32)) if dice.random() < 0.1 else ""
    signer = signing.Signature(four, "as_is", dice.randrange(2**31), verifier)
    sent = signer(requests.Request(method, url).prepare())
    assert sent.url == url
    said = {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', _header(sent.headers))}
    ours = said.pop("oauth_signature")
    consumer = {"key": four[0], "secret": four[1]}
    return {"consumer": consumer, "secret": four[3], "method": method, "url": url, "said": said}, ours


def _header(headers: Any) -> str:
    word = headers["Authorization"]
    return word.decode() if isinstance(word, bytes) else str(word)


@pytest.fixture(scope="module")
def calls() -> list[tuple[dict[str, Any], str]]:
    dice = random.Random(20261122)
    return [call(dice) for _ in range(CASES)]


@pytest.fixture(scope="module")
def library(npm: ModuleType) -> Iterator[Pipe]:
    """The library that `make oracles` fetched; where it could not be had, only CI insists."""
    if not npm.found(HERE):
        why = "oauth-1.0a is not here; `make oracles` fetches it"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    asked = Pipe(str(npm.NODE), str(HERE / "speak.mjs"), str(npm.place(HERE)))
    yield asked
    asked.stop()


@pytest.fixture(scope="module")
def magento() -> Iterator[Pipe]:
    php = shutil.which("php")
    if php is None:
        pytest.skip("php is not here; `make php` installs it where it may")
    asked = Pipe(php, str(HERE / "retell.php"))
    yield asked
    asked.stop()


def test_an_independent_library_makes_the_same_signatures(
    calls: list[tuple[dict[str, Any], str]], library: Pipe
) -> None:
    differ = [
        asked["url"]
        for asked, ours in calls
        if library.asked(asked | {"url": _with_plain_keys(asked["url"])}) != ours
    ]
    assert (len(calls), differ[:3]) == (CASES, [])


def _with_plain_keys(url: str) -> str:
    """The library decodes values and not keys, so it is shown keys with their brackets raw, as they may be sent too."""
    address, mark, query = url.partition("?")
    parts = [part.partition("=") for part in query.split("&")]
    return address + mark + "&".join(f"{unquote(key)}{equals}{value}" for key, equals, value in parts)


def test_magento_by_its_own_rules_of_before_and_after_2_4_8_makes_the_same_signatures(
    calls: list[tuple[dict[str, Any], str]], magento: Pipe
) -> None:
    differ = [asked["url"] for asked, ours in calls if magento.asked(asked) != [ours, ours]]
    assert (len(calls), differ[:3]) == (CASES, [])


def test_the_sandbox_makes_the_same_signatures(calls: list[tuple[dict[str, Any], str]]) -> None:
    differ = []
    for asked, ours in calls:
        url, _, query = asked["url"].partition("?")
        made = oauth.signature(
            oauth.Call(asked["method"], url, query, ""),
            asked["said"],
            asked["consumer"]["secret"],
            asked["secret"],
        )
        differ += [asked["url"]] if made != ours else []
    assert differ[:3] == []


@pytest.mark.parametrize(
    ("query", "before", "since"),
    [
        ("a%5B10%5D=1&a%5B2%5D=2", False, True),
        ("a%5B10%5D=1&a%5B1%5D=2", True, False),
        ("searchCriteria", False, False),
        ("fields=a=b", False, False),
        ("fields=a&fields=b", False, False),
        ("fields=a%20b", True, True),
    ],
)
def test_the_oracle_of_magento_knows_the_spellings_that_versions_disagree_on(
    magento: Pipe, query: str, before: bool, since: bool
) -> None:
    """Otherwise the tests above would agree with anything."""
    four = ("k" * 32, "s" * 32, "t" * 32, "u" * 32)
    url = f"https://shop.test/rest/V1/orders?{query}"
    sent = signing.Signature(four, "as_is", 1)(requests.Request("GET", url).prepare())
    said = {name: unquote(word) for name, word in re.findall(r'(\w+)="([^"]*)"', _header(sent.headers))}
    ours = said.pop("oauth_signature")
    asked = {"consumer": {"key": four[0], "secret": four[1]}, "secret": four[3], "method": "GET", "url": url}
    assert [one == ours for one in magento.asked(asked | {"said": said})] == [before, since]


def test_no_search_is_spelled_so_that_versions_disagree(calls: list[tuple[dict[str, Any], str]]) -> None:
    queries = [asked["url"].partition("?")[2] for asked, _ in calls if "?" in asked["url"]]
    assert len(queries) > CASES // 4
    for query in queries:
        parts = query.split("&")
        keys = [unquote(part.partition("=")[0]) for part in parts]
        assert "+" not in query
        assert all(part.count("=") == 1 for part in parts), query
        assert not any(re.search(r"\[\d\d", key) for key in keys), query
        assert len(set(keys)) == len(keys), query
