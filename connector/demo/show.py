"""The demo from curtain to curtain: shops, house, import, programme, pushes, proof; then shoppers until Ctrl-C."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import requests
from rich.console import Console

from connector import config, logs, plugins, rounds
from connector.demo import agreement, figures, waiting
from connector.demo.cast import DidNotStart, Player, ready_line
from connector.demo.figures import Left, SoFar
from connector.demo.ground import ROOT, AnotherRuns, Ground, free_port, ground, history
from connector.demo.stage import RoadBroke, Stand
from connector.flow import programme
from connector.hall import sign_in_url
from connector.house import House, furnish
from connector.store import merchants, shops
from connector.store.shops import Shop

_YEAR = timedelta(days=365)
_LONG = timedelta(hours=4)
_PER_SECOND = 0.5  # shoppers' acts in each shop
_PATIENCE = 120.0  # seconds for the worker to finish reading a shop
_LOOK = 5.0  # seconds between two lines


class Scene(msgspec.Struct, frozen=True):
    """What the acts share."""

    console: Console
    house: House
    stands: tuple[Stand, ...]
    players: tuple[Player, ...]

    def check(self) -> None:
        """Raise DidNotStart when a process has ended."""
        for player in self.players:
            player.check()


def run(*, once: bool, full: bool, port: int) -> int:
    """Play it all and return the exit code: 0 when shops and Comeback agree, 1 when not or when something broke."""
    console = Console()
    loads = history(full)
    if loads is None:
        console.print(
            "There are no order histories in ../shared/data; leave --full away to see the small slice."
        )
        return 1
    # Whoever ends the demo from outside gets the same good order as Ctrl-C.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with ExitStack() as stack:
            stood = stack.enter_context(
                ground(Path(os.environ.get("COMEBACK_HOME") or ROOT / "var") / "demo")
            )
            logs.set_up(stack.enter_context((stood.folder / "demo.log").open("w")))
            scene = _raise_curtain(console, stack, stood, loads, port)
            return _play(scene, stack, once)
    except KeyboardInterrupt:
        console.print("Everything is stopped.")
        return 0 if not once else 130
    except (DidNotStart, RoadBroke, AnotherRuns, waiting.Failed) as error:
        console.print(f"[red]The demo cannot go on:[/red] {error}", highlight=False)
        return 1


def _raise_curtain(console: Console, stack: ExitStack, stood: Ground, loads: str, port: int) -> Scene:
    stands, players = [], []
    for name in plugins.sandboxes():
        console.print(f"Opening the sandbox shop {name} ...")
        player = stack.enter_context(
            Player(name, ["sandbox", name, "--port", "0", "--history", loads], os.environ, stood.folder)
        )
        stands.append(Stand(name, ready_line(player)))
        players.append(player)
    port = port or free_port()
    env = {**os.environ, **_environment(stands, stood, port)}
    house = furnish(env)
    stack.callback(house.close)
    house.migrate()
    worker = stack.enter_context(Player("worker", ["worker"], env, stood.folder))
    web = stack.enter_context(Player("web", ["web", "--port", str(port)], env, stood.folder))
    web.wait_until(lambda: _answers(f"{house.settings.public_url}/readyz"))
    return Scene(console, house, tuple(stands), (*players, worker, web))


def _environment(stands: list[Stand], stood: Ground, port: int) -> dict[str, str]:
    """The settings of web and worker; variables of the caller's own installation must not leak in."""
    env = dict.fromkeys(config.OWN, "") | config.fresh_secrets()
    for stand in stands:
        env |= stand.ready.environment
    return env | {
        "DATABASE_URL": stood.database_url,
        "DATABASE_OWNER_URL": stood.owner_url,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "ALLOW_PRIVATE_HOSTS": ",".join(urlsplit(stand.ready.url).netloc for stand in stands),
    }


def _play(scene: Scene, stack: ExitStack, once: bool) -> int:
    console, house = scene.console, scene.house
    installed = _install(scene)
    merchant_id = installed[0].merchant_id
    waiting.import_histories(console, house, installed, scene.check)
    waiting.settle(console, house, merchant_id, scene.check)
    _start_programme(scene, merchant_id)
    waiting.settle(console, house, merchant_id, scene.check)
    console.print("Reading both shops again, in full ...")
    compared = [agreement.compare(house, shop, _differences(house, shop)) for shop in installed]
    agreement.show(console, compared)
    agree = not any(one.disagreements for one in compared)
    console.print("Shops and Comeback agree." if agree else "[red]Shops and Comeback do not agree.[/red]")
    if not once:
        _open_doors(scene, stack, merchant_id)
    return 0 if agree else 1


def _differences(house: House, shop: Shop) -> int:
    run = rounds.reconcile(house, shop.merchant_id, shop.id, "full", patience=_PATIENCE)
    if run is None:
        raise waiting.Failed(
            f"{shop.address} could not be read again; `comeback doctor` and the logs say more"
        )
    return run.differences


def _install(scene: Scene) -> list[Shop]:
    """Install in every shop; the first founds the merchant, the others join by a code."""
    found: list[Shop] = []
    for stand in scene.stands:
        scene.console.print(f"Installing Comeback in {stand.ready.address} ...")
        platform, settings = scene.house.platforms[stand.name], scene.house.settings
        stand.told(platform.files(settings.environment, settings.public_url))
        stand.install(
            scene.house.settings.public_url, _join_code(scene.house, found[0].merchant_id) if found else None
        )
        with scene.house.database.everyone() as connection:
            shop = shops.find_by_address(connection, stand.name, stand.ready.address)
        if shop is None or (found and shop.merchant_id != found[0].merchant_id):
            raise RoadBroke(
                f"{stand.name}: installed, but {stand.ready.address} is not a shop of this merchant"
            )
        found.append(shop)
    return found


def _join_code(house: House, merchant_id: int) -> str:
    with house.database.merchant(merchant_id) as tx:
        return merchants.give_pass(tx, "join", house.now(), timedelta(minutes=30))


def _start_programme(scene: Scene, merchant_id: int) -> None:
    house, now = scene.house, scene.house.now()
    newest = figures.newest_order(house.database, merchant_id) or now
    with house.database.merchant(merchant_id) as tx:
        programme.publish(tx, programme.draft(tx, now), newest - _YEAR, now)
    scene.console.print(f"The programme is started; orders since {newest - _YEAR:%d %B %Y} earn points.")


def _open_doors(scene: Scene, stack: ExitStack, merchant_id: int) -> None:
    """Let the shoppers in and tell what happens, until Ctrl-C."""
    console, house = scene.console, scene.house
    _invite(scene, merchant_id, "\nThe merchant's pages (the link signs you in, once)")
    console.print("Shoppers are coming in. Ctrl-C stops everything.\n")
    for stand in scene.stands:
        stack.callback(_send_home, stand)
        stand.live(_PER_SECOND)
    before = figures.so_far(house.database, merchant_id)
    while True:
        time.sleep(_LOOK)
        scene.check()
        if not _is_invited(house):
            _invite(scene, merchant_id, "For the next time (a visit ends after half an hour without a wish)")
        now = figures.so_far(house.database, merchant_id)
        left = figures.left(house.database, merchant_id, house.now())
        console.print(f"{house.now():%H:%M:%S}  {_news(before, now, left)}", highlight=False)
        before = now


def _invite(scene: Scene, merchant_id: int, what: str) -> None:
    scene.console.print(f"{what}: {sign_in_url(scene.house, merchant_id, _LONG)}", soft_wrap=True)


def _is_invited(house: House) -> bool:
    with house.database.everyone() as connection:
        return merchants.is_out(connection, "sign_in", house.now())


def _news(before: SoFar, now: SoFar, left: Left) -> str:
    """Say what happened between two looks. Points of new orders are held first, as the programme says."""
    news = [
        f"messages +{now.deliveries - before.deliveries}",
        f"orders +{now.orders - before.orders}",
        f"points held {now.held - before.held:+}, given +{now.given - before.given}, taken {now.taken - before.taken}",
        f"pushes +{now.pushes - before.pushes}",
        f"waiting {left.deliveries + left.pushes}",
    ]
    return "  ".join(news) + (f"  parked {now.parked}" if now.parked else "")


def _send_home(stand: Stand) -> None:
    # The sandbox itself is ended next; shoppers that cannot be sent home end with it.
    with suppress(RoadBroke):
        stand.quiet()


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code == 200
    except requests.RequestException:
        return False


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
