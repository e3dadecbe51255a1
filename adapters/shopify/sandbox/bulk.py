"""Bulk queries: checked like the platform checks them, run in the background, written as JSON lines."""

import os
import random
import threading
import time
from pathlib import Path
from typing import IO, assert_never

import msgspec

from adapters.shopify.sandbox import bodies, bulk_rules, compiled, parts
from adapters.shopify.sandbox.fields.ask import Ask
from adapters.shopify.sandbox.refusals import Complaint, GraphRefusal, Said
from adapters.shopify.sandbox.state import Shop
from adapters.shopify.sandbox.things import Bulk, Fate

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


def expire(shop: Shop) -> None:
    """Let a week pass for every file: the shop says so, and the address is dead."""
    with shop.lock:
        for it in shop.bulks.values():
            if it.status == "COMPLETED":
                it.status, it.size = "EXPIRED", None
        shop.files.clear()


def _run(ask: Ask, it: Bulk, grouped: bool) -> None:
    shop = ask.shop
    time.sleep(shop.bulk_seconds)
    path = os.path.join(shop.folder, f"bulk-{it.id}.jsonl")
    with shop.lock:
        fate = shop.bulk_fates.pop(0) if shop.bulk_fates else None
        if it.status == "CREATED":
            it.status = "RUNNING"
    with open(path, "wb") as file:
        try:
            _write(ask, it, grouped, file)
        except GraphRefusal as refusal:
            with shop.lock:
                it.status, it.error_code = "FAILED", str(refusal.extensions["code"])
    if not grouped and shop.bulk_shuffled is not None:
        _shuffle(path, shop.bulk_shuffled)
    size = os.path.getsize(path)
    with shop.lock:
        shop.files[it.id] = path
        _strike(shop, it, path, fate)
        it.partial = it.status != "RUNNING" and size > 0
        it.size = size if it.status == "RUNNING" and size else None
        it.status = {"RUNNING": "COMPLETED", "CANCELING": "CANCELED"}.get(it.status, it.status)
        it.completed_at = shop.now()
        shop.tell("BULK_OPERATIONS_FINISH", lambda: bodies.bulk(it))


def _strike(shop: Shop, it: Bulk, path: str, fate: Fate | None) -> None:
    """Let happen what was wished for this query."""
    match fate:
        case None:
            return
        case "fail":
            it.status, it.error_code = "FAILED", "INTERNAL_SERVER_ERROR"
            _cut(path)
        case "timeout":
            it.status, it.error_code = "FAILED", "TIMEOUT"
            _cut(path)
        case "cancel":
            it.status = "CANCELING"
            _cut(path)
        case "cut":
            _cut(path)
        case "short":
            lines = Path(path).read_bytes().splitlines(keepends=True)
            Path(path).write_bytes(b"".join(lines[:-1]))
        case "dead":
            del shop.files[it.id]
        case _:
            assert_never(fate)


def _cut(path: str) -> None:
    """Leave three fifths of the file; the last line ends in its middle."""
    os.truncate(path, os.path.getsize(path) * 3 // 5)


def _shuffle(path: str, seed: int) -> None:
    lines = Path(path).read_bytes().splitlines(keepends=True)
    random.Random(seed).shuffle(lines)  # noqa: S311
    Path(path).write_bytes(b"".join(lines))


def _write(ask: Ask, it: Bulk, grouped: bool, file: IO[bytes]) -> None:
    shop, late = ask.shop, False
    for root in compiled.roots(it.query, ask.answers):
        for need in sorted(root.needs):
            # One right that is missing anywhere fails the whole of it; pages would leave single fields empty.
            ask.may(need, root.field)
        with shop.lock:
            things = root.things(ask)
        if shop.bulk_most is not None and len(things) > shop.bulk_most:
            things, late = things[: shop.bulk_most], True
        for place in range(0, len(things), _BATCH):
            with shop.lock:
                if it.status != "RUNNING":
                    return
                _batch(ask, it, root.branch, things[place : place + _BATCH], grouped, file)
        if late:
            raise GraphRefusal("this takes too long", "TIMEOUT")


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
