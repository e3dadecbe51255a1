"""Everything in one process: two sandbox shops with their own web servers, Comeback's web server, and its rounds by hand.

No worker runs: a test says when the inbox is drained, so that it decides what is known when.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import requests
from shopkeeping import Keeper, settings

import adapters.magento.sandbox as magento
import adapters.shopify.sandbox as shopify
from adapters.magento.sandbox.stage import Stage
from connector import rounds
from connector.app import create_app
from connector.demo.ground import free_port
from connector.flow import programme
from connector.house import furnish
from connector.loyalty.terms import Terms
from connector.serving import Web
from connector.store import merchants, queue, shops


class Letter(msgspec.Struct, frozen=True):
    """What the gift shop would send."""

    topic: str
    body: bytes
    triggered_at: str


class Street:
    """Two shops and the app; `close` at the end of the block."""

    def __init__(self, database: Any, more: Mapping[str, str] | None = None) -> None:
        self._stack = ExitStack()
        self.gifts = shopify.Shop("street-gifts.myshopify.com")
        self.music = magento.Shop(seed="street")
        stage = Stage(self.music, hints=True)
        self._stack.callback(stage.close)
        gift_url = self._serve(shopify.create_server(self.gifts))
        music_url = self._serve(magento.create_server(self.music, 0, stage))
        self.keepers = {
            "shopify": Keeper("shopify", gift_url, self.gifts.domain),
            "magento": Keeper("magento", music_url, f"{music_url}/"),
        }
        self.port = free_port()
        ready = [keeper.does("ready", "GET")["environment"] for keeper in self.keepers.values()]
        log = Path(self._stack.enter_context(TemporaryDirectory())) / "forgotten.log"
        self.env = settings(database, self.port, ready) | {"FORGOTTEN_LOG": str(log)} | dict(more or {})
        self.house = furnish(self.env)
        self._stack.callback(self.house.close)
        self.url = self.house.settings.public_url
        self.web_is_ahead, real = timedelta(0), self.house.now
        self.door_says = lambda: real() + self.web_is_ahead
        doors = msgspec.structs.replace(self.house, now=self.door_says)
        web = Web(create_app(doors), "127.0.0.1", self.port)
        self._stack.callback(web.stop)
        self._session = requests.Session()
        self._session.trust_env = False
        self.merchant_id, self.shop_ids = 0, dict[str, int]()

    def __enter__(self) -> Street:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _serve(self, server: Any) -> str:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        self._stack.callback(server.server_close)
        self._stack.callback(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def opens(self, terms: Terms, *names: str) -> None:
        """Install in these shops by the merchant's browser, import, and start the programme."""
        for name in names:
            words = {"merchant_code": self._join_code()} if self.merchant_id else {}
            self.keepers[name].does("install", public_url=self.url, **words)
            with self.house.database.everyone() as connection:
                shop = shops.find_by_address(connection, name, self.keepers[name].address)
            assert shop is not None, f"{name} is not connected"
            self.merchant_id, self.shop_ids[name] = shop.merchant_id, shop.id
            rounds.subscribe(self.house, shop.merchant_id, shop.id)
            assert rounds.import_history(self.house, shop.merchant_id, shop.id)
        now = self.house.now()
        with self.house.database.merchant(self.merchant_id) as tx:
            programme.publish(tx, terms, now - timedelta(days=365), now)
        self.works()

    def _join_code(self) -> str:
        with self.house.database.merchant(self.merchant_id) as tx:
            return merchants.give_pass(tx, "join", self.house.now(), timedelta(minutes=5))

    def applies(self, name: str) -> int:
        """Drain one shop's inbox."""
        return rounds.apply(self.house, self.merchant_id, self.shop_ids[name])

    def works(self) -> None:
        """Do everything there is to do, as workers would."""
        for shop_id in self.shop_ids.values():
            rounds.finish(self.house, self.merchant_id, shop_id)

    def wakes_the_queue(self, shop_id: int) -> None:
        """Enqueue a drain, as a webhook does."""
        with self.house.database.merchant(self.merchant_id) as tx:
            queue.apply(tx.connection, tx.merchant_id, shop_id)

    # --- letters and hints, held back by the shop and brought to the door by hand

    def letters(self) -> list[Any]:
        """Take what the gift shop wants to send and holds back."""
        held, self.gifts.mail.held = self.gifts.mail.held, []
        return held

    def brings(self, letter: Any, id: str | None = None, number: str = "") -> int:
        """Bring a letter to the door, signed as the platform signs; return the status."""
        signature = base64.b64encode(
            hmac.new(self.gifts.client_secret.encode(), letter.body, hashlib.sha256).digest()
        )
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": letter.topic,
            "X-Shopify-Hmac-Sha256": signature.decode(),
            "X-Shopify-Shop-Domain": self.gifts.domain,
            "X-Shopify-Webhook-Id": id or letter.id,
            "X-Shopify-Triggered-At": letter.triggered_at,
        } | ({"X-Request-Id": number} if number else {})
        answer = self._session.post(f"{self.url}/webhooks/shopify", letter.body, headers=headers, timeout=60)
        return answer.status_code

    def hints(self, id: str, *, order_id: int) -> int:
        """Bring a message of the music shop's module to the door, about one order; return the status."""
        with self.house.database.merchant(self.merchant_id) as tx:
            shop = shops.get(tx, self.shop_ids["magento"])
        body = msgspec.json.encode({"v": 1, "orders": [order_id]})
        secret = msgspec.json.decode(self.house.vault(shop).read())["hook_secret"]
        nonce, timestamp = (
            hashlib.sha256(id.encode()).hexdigest()[:32],
            # Of now as the door sees it: one that is five minutes off is refused, and polling finds what it told of.
            str(int(self.door_says().timestamp())),
        )
        message = f"{timestamp}.{nonce}.".encode() + body
        headers = {
            "Content-Type": "application/json",
            "X-Comeback-Timestamp": timestamp,
            "X-Comeback-Nonce": nonce,
            "X-Comeback-Signature": hmac.new(secret.encode(), message, hashlib.sha256).hexdigest(),
        }
        answer = self._session.post(
            f"{self.url}/webhooks/magento/{shop.key}", body, headers=headers, timeout=60
        )
        return answer.status_code
