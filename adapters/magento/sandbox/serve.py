"""`comeback sandbox magento`: the process that is a shop."""

import argparse
import json
import signal
import sys
import threading
from datetime import date, datetime, timedelta
from pathlib import Path

from adapters.magento.sandbox import history, memory
from adapters.magento.sandbox.places import BY_COUNT, TIMEZONE
from adapters.magento.sandbox.server import create_server
from adapters.magento.sandbox.shop import Shop
from adapters.magento.sandbox.stage import Stage


class MagentoSandbox:
    """The object behind the entry point `comeback.sandboxes`."""

    name = "magento"

    def serve(self, argv: list[str]) -> None:
        """Serve until SIGTERM or SIGINT; one line of JSON on stdout says that the shop is open."""
        options = _options(argv)
        shop = Shop(seed=f"sandbox-{options.seed}")
        _fill(shop, options)
        stage = Stage(shop, hints=options.hints)
        server = create_server(shop, options.port, stage)
        ended = threading.Event()
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: ended.set())
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        sys.stdout.write(json.dumps(stage.ready(f"127.0.0.1:{server.server_port}")) + "\n")
        sys.stdout.flush()
        ended.wait()
        server.shutdown()
        stage.close()
        if options.state:
            memory.save(shop, Path(options.state))


sandbox = MagentoSandbox()


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="comeback sandbox magento", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument(
        "--history", default="slice", help="none, slice, or full:<folder of CDNOW_master.txt.gz>"
    )
    parser.add_argument("--until", type=date.fromisoformat, help="day of the newest order; default yesterday")
    parser.add_argument("--seed", type=int, default=1, help="the integration's keys follow from it")
    parser.add_argument(
        "--websites",
        type=int,
        choices=sorted(BY_COUNT),
        default=1,
        help="2: every fifth customer buys in euro",
    )
    parser.add_argument("--state", help="file that keeps the shop between two runs")
    parser.add_argument("--hints", action="store_true", help="the shop has a module that sends signed hints")
    return parser.parse_args(argv)


def _fill(shop: Shop, options: argparse.Namespace) -> None:
    if options.state and Path(options.state).exists():
        memory.load(shop, Path(options.state))
        return
    shop.places = BY_COUNT[options.websites]
    until = options.until or datetime.now(TIMEZONE).date() - timedelta(days=1)
    kind, _, folder = str(options.history).partition(":")
    match kind:
        case "none":
            return
        case "slice":
            history.fill(shop, history.slice_rows(), until)
        case "full":
            history.fill(shop, history.full_rows(Path(folder)), until)
        case _:
            raise SystemExit(f"--history is none, slice or full:<folder>, not {options.history!r}")
