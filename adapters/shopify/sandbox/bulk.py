"""Bulk queries: checked like the platform checks them, run in the background, written as JSON lines."""

import os
import threading
import time
from typing import IO

import msgspec

from adapters.shopify.sandbox import bodies, bulk_rules, compiled, parts
from adapters.shopify.sandbox.fields.ask import Ask
from adapters.shopify.sandbox.refusals import Complaint, GraphRefusal, Said
from adapters.shopify.sandbox.state import Shop
from adapters.shopify.sandbox.things import Bulk

PARALLEL = 5
_LIVE = ("CREATED", "RUNNING", "CANCELING")
_BATCH = 50
_json = msgspec.json.Encoder()


def start(ask: Ask, query: str, grouped: bool) -> Said:
    """Take in a bulk query and run it in the background."""
    shop = ask.shop
    complaints = bulk_rules.complaints(query)
    if complaints:
        return Said(None, complaints)
    running = [parts.gid("BulkOperation", it.id) for it in shop.bulks.values() if it.status in _LIVE]
    if len(running) >= PARALLEL:
        return Said(
            None, [Complaint(f"too many at once: {', '.join(running)}", None, "OPERATION_IN_PROGRESS")]
        )
    made = Bulk(shop.next_id("bulk"), query, shop.now())
    shop.bulks[made.id] = made
    background = Ask(shop, ask.scopes, ask.answers)
    threading.Thread(
        target=_run, args=(background, made, grouped), name=f"bulk-{made.id}", daemon=True
    ).start()
    return Said(made)


def cancel(ask: Ask, bulk_id: int) -> Said:
    """Ask a running bulk query to stop; it does so a little later."""
    found = ask.shop.bulks.get(bulk_id)
    if found is None:
        return Said(None, [Complaint("this bulk operation is not there", ["id"])])
    if found.status not in _LIVE:
        return Said(found, [Complaint("this bulk operation has ended already", None)])
    found.status = "CANCELING"
    return Said(found)


def file_url(shop: Shop, it: Bulk) -> str:
    """Return where the file can be fetched, without a token, as from the platform's file store."""
    return f"{shop.own_url}/_files/bulk-{it.id}.jsonl"


def _run(ask: Ask, it: Bulk, grouped: bool) -> None:
    shop = ask.shop
    time.sleep(shop.bulk_seconds)
    with open(os.path.join(shop.folder, f"bulk-{it.id}.jsonl"), "wb") as file:
        with shop.lock:
            shop.files[it.id] = file.name
            if it.status == "CREATED":
                it.status = "RUNNING"
        try:
            _write(ask, it, grouped, file)
        except GraphRefusal as refusal:
            with shop.lock:
                it.status, it.error_code = "FAILED", str(refusal.extensions["code"])
    with shop.lock:
        size = os.path.getsize(file.name)
        it.partial = it.status != "RUNNING" and size > 0
        it.size = size if it.status == "RUNNING" and size else None
        it.status = {"RUNNING": "COMPLETED", "CANCELING": "CANCELED"}.get(it.status, it.status)
        it.completed_at = shop.now()
        shop.tell("BULK_OPERATIONS_FINISH", lambda: bodies.bulk(it))


def _write(ask: Ask, it: Bulk, grouped: bool, file: IO[bytes]) -> None:
    shop = ask.shop
    for root in compiled.roots(it.query, ask.answers):
        for need in sorted(root.needs):
            # One right that is missing anywhere fails the whole of it; pages would leave single fields empty.
            ask.may(need, root.field)
        with shop.lock:
            things = root.things(ask)
        for place in range(0, len(things), _BATCH):
            with shop.lock:
                if it.status != "RUNNING":
                    return
                _batch(ask, it, root.branch, things[place : place + _BATCH], grouped, file)


def _batch(
    ask: Ask, it: Bulk, branch: "compiled.Branch", things: list[object], grouped: bool, file: IO[bytes]
) -> None:
    """Write some roots with what hangs below them: right behind each root, or behind the whole batch."""
    later: list[bytes] = []
    for thing in things:
        it.roots += 1
        for depth, row in branch.rows(thing, ask):
            it.objects += 1
            # The platform's files escape every slash.
            line = _json.encode(row).replace(b"/", b"\\/") + b"\n"
            if depth and not grouped:
                later.append(line)
            else:
                file.write(line)
    file.writelines(later)
