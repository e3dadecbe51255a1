"""Shops to import from: a sandbox with a history, and a house in which it has just installed Comeback."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import msgspec
import requests

from adapters.shopify.sandbox import tokens
from bench.ground import Ground, house, now, start_programme
from connector.app import create_app
from connector.demo.cast import Player, ready_line
from connector.demo.ground import free_port
from connector.serving import Web
from connector.store import shops


class Source(msgspec.Struct, frozen=True):
    """A sandbox with so many orders, and a database in which its shop has just installed Comeback."""

    name: str
    orders: int
    database: str
    env: dict[str, str]
    merchant_id: int
    shop_id: int

    base: str  # where the sandbox is


def opened(ground: Ground, stack: ExitStack, folder: Path, name: str, history: str) -> Source:
    """Open a Shopify shop with this history and let it install Comeback; the programme runs, nothing is imported."""
    return _installed(
        ground, stack, folder, name, "shopify", "--history", history, "--domain", f"{name}.myshopify.com"
    )


def opened_magento(ground: Ground, stack: ExitStack, folder: Path, history: str) -> Source:
    """Do the same with a Magento shop."""
    return _installed(ground, stack, folder, "magento", "magento", "--history", history)


def _installed(
    ground: Ground, stack: ExitStack, folder: Path, name: str, platform: str, *words: str
) -> Source:
    database = ground.database()
    arguments = ["sandbox", platform, "--port", "0", *words]
    player = stack.enter_context(Player(f"sandbox-{name}", arguments, ground.env(database), folder))
    ready = ready_line(player)
    port = free_port()
    host = {"ALLOW_PRIVATE_HOSTS": ready.url.partition("//")[2]}
    env = ground.env(database, port, **(host | ready.environment))
    with house(env) as open_house:
        web = Web(create_app(open_house), "127.0.0.1", port)
        try:
            asked = {"public_url": f"http://127.0.0.1:{port}"}
            answer = requests.post(f"{ready.url}/_sandbox/install", json=asked, timeout=120)
            assert answer.status_code == 200, answer.text[:300]
        finally:
            web.stop()
        with open_house.database.everyone() as connection:
            shop = shops.find_by_address(connection, platform, ready.address)
        assert shop is not None
        start_programme(open_house, shop.merchant_id)
    return Source(name, ready.orders, database, env, shop.merchant_id, shop.id, ready.url)


def fetch(place: Path, pins: Path) -> None:
    """Put a program of others and what it needs into an environment of its own, each package by its hash; once."""
    done = place / "fetched"
    if done.is_file() and done.read_text() == pins.read_text():
        return
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    pip = f"{sys.executable} -m pip --python {place}/bin/python install -q --no-compile --require-hashes -r {pins}"
    subprocess.run(shlex.split(pip), check=True)
    shutil.copy(pins, done)


def token(source: Source) -> str:
    """Return an access token as a merchant who opens the app gets one."""
    app = (source.env["SHOPIFY_CLIENT_ID"], source.env["SHOPIFY_CLIENT_SECRET"])
    asked = {
        "client_id": app[0],
        "client_secret": app[1],
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "subject_token": tokens.id_token(app, f"{source.name}.myshopify.com", now()),
        "expiring": "1",
    }
    answer = requests.post(f"{source.base}/admin/oauth/access_token", json=asked, timeout=60)
    answer.raise_for_status()
    return str(answer.json()["access_token"])
