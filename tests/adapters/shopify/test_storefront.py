"""The shopper's page as a shopper of a sandbox shop gets it: through the shop's own address, signed, and in its theme."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import requests
from werkzeug.serving import make_server

from adapters.shopify.platform import platform
from adapters.shopify.sandbox.storefront import PREFIX, added, signature
from connector import config, rounds
from connector.app import create_app
from connector.flow import programme, settling, welcoming
from connector.house import furnish
from connector.loyalty.facts import Adjustment
from connector.loyalty.terms import Redeemable, Reward, suggested
from connector.store import ledger, people, shops
from connector.store.tables import coupons, rates
from connector.storefront import door

SMALLEST = 10 * 1024  # bytes, and the page stays below


class Front:
    """A house with a programme, a shop with customers, and the shopper who is signed in there."""

    def __init__(self, street: Any, database: Any) -> None:
        urls = {"DATABASE_URL": database.url, "DATABASE_OWNER_URL": database.owner_url}
        env = config.fresh_secrets() | street.environment | urls
        self.street, self.house, self.env = street, furnish(env, {"shopify": platform}), env
        street.install()
        given = street.house.installed[-1]
        self.anna, self.bert = street.customer("anna"), street.customer("bert")
        bought = datetime.now(UTC) - timedelta(
            days=20
        )  # and not on a day from which the points are over some time
        street.order(
            at=bought.strftime("%Y-%m-%dT%H:%M:%SZ"),
            customer_id=self.anna,
            lines=[{"sku": "S", "title": "Sofa", "quantity": 1, "price": "345.00"}],
        )
        arrived = welcoming.welcome(self.house.database, platform, given, datetime.now(UTC))
        self.merchant, self.shop = arrived.merchant_id, arrived.shop_id
        rounds.import_history(self.house, self.merchant, self.shop)
        terms = msgspec.structs.replace(
            suggested("GBP"),
            hold_days=0,
            redeemables=(
                Redeemable("five-off", "Five {{7*7}} <off>", 100, Reward("amount", 5_00)),
                Redeemable("fifty-off", "Fifty off", 1000, Reward("amount", 50_00)),
            ),
        )
        with self.house.database.merchant(self.merchant) as tx:
            programme.publish(tx, terms, datetime.now(UTC) - timedelta(days=900), datetime.now(UTC))
        rounds.settle(self.house, self.merchant)
        self.server = make_server("127.0.0.1", 0, create_app(self.house), threaded=True)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        street.shop.public_url = self.url = f"http://127.0.0.1:{self.server.server_port}"

    def signed(self, earlier: int = 0) -> list[tuple[str, str]]:
        """A query as the shop signed it some seconds ago for whoever is signed in there, to be brought past it."""
        stamped = added(self.street.shop)
        asked = [(name, str(int(one) - earlier) if name == "timestamp" else one) for name, one in stamped]
        return [*asked, ("signature", signature(self.street.shop.client_secret, asked))]

    def send(self, word: str, earlier: int) -> requests.Response:
        """A form sent past the shop; no two queries of different moments have the same signature."""
        return requests.post(
            f"{self.url}/storefront/shopify",
            params=self.signed(earlier),
            data={"exchange": word},
            timeout=60,
        )

    def counted(self) -> list[int]:
        with self.house.database.everyone() as connection:
            return [row.count for row in connection.execute(rates.select().order_by(rates.c.count))]

    def a_minute_later(self) -> None:
        """What was counted so far began a minute earlier."""
        with self.house.database.everyone() as connection:
            connection.execute(rates.update().values(since=rates.c.since - timedelta(minutes=1)))

    def enter(self, customer_id: str | None) -> None:
        self.street.control("visitor", {"customer_id": customer_id})

    def get(self, query: str = "", **headers: str) -> requests.Response:
        return requests.get(f"{self.street.url}{PREFIX}{query}", headers=headers, timeout=60)

    def post(self, word: str) -> requests.Response:
        return requests.post(f"{self.street.url}{PREFIX}", data={"exchange": word}, timeout=60)

    def words(self) -> list[str]:
        return re.findall(r'name="exchange" value="([^"]+)"', self.get().text)

    def member(self, customer_id: str) -> int:
        with self.house.database.merchant(self.merchant) as tx:
            return people.member_of_each(tx, self.shop, [customer_id])[customer_id]

    def redeemed(self) -> list[str]:
        with self.house.database.merchant(self.merchant) as tx:
            rows = tx.all(coupons.select().where(coupons.c.source.like("redemption:%")))
        return [row.customer_id for row in rows]


@pytest.fixture
def front(street: Any, database: Any) -> Iterator[Front]:
    made = Front(street, database)
    yield made
    made.server.shutdown()
    made.server.server_close()
    made.house.close()


def seen(answer: requests.Response) -> str:
    """What a person reads."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def test_a_shopper_sees_what_they_hold_what_is_missing_and_why(front: Front) -> None:
    front.enter(front.anna)
    page = front.get()
    words = seen(page)
    assert page.status_code == 200
    assert "Points to spend 345" in words
    assert "Your level Silver" in words
    assert "GBP 155.00 more takes you to Gold." in words
    assert "Fifty off, 1000 points: 655 points to go" in words
    assert re.search(r"\+345 .*GBP 345\.00", words)
    assert "<script" not in page.text
    dutch = seen(front.get(**{"Accept-Language": "nl"}))
    assert "Punten om te besteden 345" in dutch
    assert "Nog GBP 155,00 tot Gold." in dutch


def test_whom_nobody_knows_is_invited_and_told_nothing(front: Front) -> None:
    front.enter(None)
    assert "Sign in to see your points" in seen(front.get())
    assert "345" not in front.get().text
    for customer_id in ("999", front.bert):
        front.enter(customer_id)
        assert "345" not in front.get().text


def test_points_become_a_gift_card_with_a_code_or_a_sum_without_one(front: Front) -> None:
    gifts = (
        Redeemable("card", "A card of ten", 100, Reward("gift_card", 10_00)),
        Redeemable("credit", "Five back", 100, Reward("store_credit", 5_00)),
    )
    with front.house.database.merchant(front.merchant) as tx:
        terms = msgspec.structs.replace(suggested("GBP"), hold_days=0, redeemables=gifts)
        programme.publish(tx, terms, datetime.now(UTC) - timedelta(days=900), datetime.now(UTC))
    front.enter(front.anna)
    card, credit = front.words()
    assert re.search(r"Your gift card is (\w{12})\.", seen(front.send(card, 1)))
    page = front.send(credit, 40)
    assert "“Five back” is on its way to your account in the shop." in seen(page)
    assert "GBP 5.00 is on its way to your account in the shop, until" in seen(page)
    with front.house.database.merchant(front.merchant) as tx:
        tx.run(coupons.update().values(state="live"))
        ours = tx.all(coupons.select().where(coupons.c.kind == "store_credit"))[0].code
    page = front.get()
    assert "GBP 5.00 is on your account in the shop, until" in seen(page)
    assert ours not in page.text


def test_points_become_a_code_once_however_often_the_form_is_sent(front: Front) -> None:
    front.enter(front.anna)
    (word,) = front.words()
    made = front.post(word)
    code = re.search(r"Your code is (\w{12})\.", seen(made))
    assert code is not None
    assert "Points to spend 245" in seen(made)
    assert front.post(word).status_code == 200
    assert "Points to spend 245" in seen(front.get())
    assert front.redeemed() == [front.anna]
    assert code[1] in front.get().text


def test_a_form_of_one_shopper_is_worth_nothing_to_another(front: Front) -> None:
    front.enter(front.anna)
    (word,) = front.words()
    for stranger in (front.bert, None):
        front.enter(stranger)
        assert front.post(word).status_code == 200
    front.enter(front.anna)
    for broken in ("", "x", word[:-2], word + "x"):
        assert front.post(broken).status_code == 200
    assert front.redeemed() == []
    assert "Points to spend 345" in seen(front.get())


def test_a_signed_request_that_somebody_caught_exchanges_nothing_a_second_time(front: Front) -> None:
    """Straight to the app, past the shop: the same query again, with another form that the shopper holds as well."""
    front.enter(front.anna)
    first, second = front.words()[0], front.words()[0]
    query = front.signed()
    for word in (first, second, second):
        sent = requests.post(
            f"{front.url}/storefront/shopify", params=query, data={"exchange": word}, timeout=60
        )
        assert sent.status_code == 200
    assert front.redeemed() == [front.anna]


def test_eight_at_once_get_what_the_balance_allows(front: Front) -> None:
    front.enter(front.anna)
    words = [front.words()[0] for _ in range(8)]

    threads = [threading.Thread(target=front.send, args=(words[number], number)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert front.redeemed() == [front.anna] * 3
    assert "Points to spend 45" in seen(front.get())


def test_the_page_is_small_and_has_older_pages_with_two_hundred_lines(front: Front) -> None:
    member_id = front.member(front.anna)
    now = datetime.now(UTC)
    with front.house.database.merchant(front.merchant) as tx:
        for one in range(200):
            reason = f"a gesture after a late parcel, number {one}"
            ledger.add_act(tx, member_id, Adjustment(f"gesture-{one:08}", now, 1, "staff", reason, 1))
        settling.settle(tx, [member_id], now)
    front.enter(front.anna)
    before = front.street.shop.asked["liquid ran"]
    pages = [front.get(f"?page={number}") for number in (1, 2, 11)]
    assert max(len(page.content) for page in pages) < SMALLEST
    assert [len(re.findall("<tr><td>", page.text)) for page in pages] == [20, 20, 1]
    assert "?page=2" in pages[0].text
    assert "Older" not in pages[2].text
    # What the shop's people note among themselves is not the shopper's.
    assert "1 point given by the shop." in seen(pages[0])
    assert not any("parcel" in page.text for page in pages)
    # Braces are words here, and nothing that the shop would run.
    assert "{{7*7}}" in seen(pages[0])
    assert front.street.shop.asked["liquid ran"] == before == 0


def test_the_answer_sets_nothing_and_is_kept_by_nobody(front: Front) -> None:
    front.enter(front.anna)
    query = front.signed()
    answer = requests.get(f"{front.url}/storefront/shopify", params=query, timeout=60)
    assert answer.headers["Content-Type"].startswith("application/liquid")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Set-Cookie" not in answer.headers
    forged = [(name, front.bert if name == "logged_in_customer_id" else word) for name, word in query]
    assert requests.get(f"{front.url}/storefront/shopify", params=forged, timeout=60).status_code == 401
    assert requests.get(f"{front.url}/storefront/nobody", params=query, timeout=60).status_code == 404


def test_a_shop_that_went_shows_nothing(front: Front) -> None:
    front.enter(front.anna)
    with front.house.database.merchant(front.merchant) as tx:
        shops.remove(tx, front.shop, datetime.now(UTC))
    assert front.get().status_code == 404


def test_the_sixty_first_read_in_a_minute_waits_also_at_another_web_process(front: Front) -> None:
    other = furnish(front.env, {"shopify": platform})
    server = make_server("127.0.0.1", 0, create_app(other), threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    urls = [front.url, f"http://127.0.0.1:{server.server_port}"]
    front.enter(front.anna)
    query, spoken = front.signed(), {"Accept-Language": "nl"}
    answers = [
        requests.get(f"{urls[n % 2]}/storefront/shopify", params=query, headers=spoken, timeout=60)
        for n in range(62)
    ]
    server.shutdown()
    server.server_close()
    other.close()
    assert [one.status_code for one in answers] == [200] * 60 + [429] * 2
    wait = int(answers[60].headers["Retry-After"])
    assert 1 <= wait <= 60
    assert f"Probeer het over {wait} seconden nog eens." in seen(answers[60])
    assert answers[60].headers["Content-Type"].startswith("application/liquid")
    assert answers[60].headers["Cache-Control"] == "private, no-store"
    # Another shopper is not held up; through the shop it is the same.
    assert front.get().status_code == 429
    front.enter(front.bert)
    assert front.get().status_code == 200
    assert front.counted() == [1, 61, 63]


def test_the_sixth_exchange_in_a_minute_books_nothing_and_can_be_sent_again_later(front: Front) -> None:
    front.enter(front.anna)
    words = front.words() + front.words()
    assert [front.send("x", n).status_code for n in range(4)] == [200] * 4
    assert front.send(words[0], 4).status_code == 200
    refused = front.send(words[1], 5)
    assert (refused.status_code, front.redeemed()) == (429, [front.anna])
    assert "Nothing was exchanged." in seen(refused)
    assert front.get().status_code == 200  # reads are counted apart
    front.a_minute_later()
    assert front.send(words[1], 6).status_code == 200
    assert front.redeemed() == [front.anna] * 2


def test_all_shoppers_of_a_shop_share_its_limit(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (door.READS, door.WRITES, door.ALL, door.STRANGERS) == (60, 5, 3_000, 2_000)
    monkeypatch.setattr(door, "ALL", 3)
    front.enter(front.bert)
    assert [front.get().status_code for _ in range(2)] == [200, 200]
    front.enter(front.anna)
    assert [front.get().status_code for _ in range(2)] == [200, 429]


def test_a_flood_of_strangers_keeps_no_shopper_from_an_exchange(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "ALL", 3)
    monkeypatch.setattr(door, "STRANGERS", 2)
    front.enter(None)
    assert [front.get().status_code for _ in range(4)] == [200, 200, 429, 429]
    front.enter(front.anna)
    assert front.send(front.words()[0], 0).status_code == 200
    assert front.redeemed() == [front.anna]


def test_nothing_is_counted_before_the_signature_is_proved(front: Front) -> None:
    front.enter(front.anna)
    forged = [(name, "0" * 64 if name == "signature" else word) for name, word in front.signed()]
    for _ in range(5):
        assert requests.get(f"{front.url}/storefront/shopify", params=forged, timeout=60).status_code == 401
    assert front.counted() == []
