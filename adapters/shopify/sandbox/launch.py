"""Starting the shop as a process: options, the ready line, a clean end."""

import argparse
import signal
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec

from adapters.shopify.sandbox import history, kept
from adapters.shopify.sandbox.cost import Bucket
from adapters.shopify.sandbox.server import create_server, ready_line
from adapters.shopify.sandbox.state import ALL_SCOPES, Shop

_SAVE_SECONDS = 5.0


def options() -> argparse.ArgumentParser:
    """Return what can be said on the command line."""
    parser = argparse.ArgumentParser(prog="comeback sandbox shopify", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--domain", default="demo-gifts.myshopify.com", help="the shop's address")
    parser.add_argument("--history", default="none", help="none, slice, or full:<folder of data files>")
    parser.add_argument("--until", type=date.fromisoformat, help="no order is newer; default yesterday")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is left to chance")
    parser.add_argument("--state", type=Path, help="a file that keeps the shop over a restart")
    parser.add_argument("--client-id", help="default: random, or what the state knows")
    parser.add_argument("--client-secret", help="default: random, or what the state knows")
    parser.add_argument("--scopes", default=ALL_SCOPES, help="what a managed install grants")
    parser.add_argument(
        "--order-days", type=int, default=60, help="show orders this far back without read_all_orders"
    )
    parser.add_argument(
        "--protected",
        type=int,
        choices=(0, 1, 2),
        default=2,
        help="level of protected customer data that the app is approved for",
    )
    parser.add_argument(
        "--bucket", type=int, default=20_000, help="points the API bucket holds (default: a Plus shop)"
    )
    parser.add_argument(
        "--restore", type=int, default=1_000, help="points that come back every second (a Plus shop)"
    )
    parser.add_argument("--retry-scale", type=float, default=1.0, help="of the pauses between webhook tries")
    parser.add_argument("--bulk-seconds", type=float, default=0.0, help="what a bulk query takes at least")
    return parser


def serve(argv: list[str]) -> None:
    """Open the shop, say so in one line of JSON, and serve until SIGTERM or SIGINT."""
    asked = options().parse_args(argv)
    shop = Shop(asked.domain, asked.client_id, asked.client_secret)
    shop.app_scopes = asked.scopes
    if asked.state and asked.state.exists():
        kept.load(shop, asked.state)
        shop.client_id = asked.client_id or shop.client_id
        shop.client_secret = asked.client_secret or shop.client_secret
    else:
        yesterday = datetime.now(UTC).date() - timedelta(days=1)
        history.fill(shop, asked.history, asked.until or yesterday)
    shop.bucket = Bucket(asked.bucket, asked.restore, float(asked.bucket))
    shop.order_days = asked.order_days
    shop.protected = asked.protected
    shop.bulk_seconds = asked.bulk_seconds
    server = create_server(shop, asked.port, asked.retry_scale)
    assert shop.mail is not None
    shop.mail.chance.seed(asked.seed)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    threading.Thread(target=server.serve_forever, args=(0.1,), name="server", daemon=True).start()
    sys.stdout.write(msgspec.json.encode(ready_line(shop)()).decode() + "\n")
    sys.stdout.flush()
    saved = 0
    while not ended.wait(_SAVE_SECONDS if asked.state else None):
        # Nothing changes unless somebody asks for something or something is told.
        if shop.asked.total() != saved:
            saved = shop.asked.total()
            kept.save(shop, asked.state)
    server.shutdown()
    if asked.state:
        kept.save(shop, asked.state)
