"""A shop of any size: the bulk files of a small sandbox, over and over under other numbers, written as they are fetched.

It answers what an import asks and nothing else. So half a million orders need no sandbox that holds them.
"""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any

import msgspec
import requests

from adapters.shopify import documents, settings
from bench import origin
from bench.origin import Source

# The first digits of the sandbox's numbers, by kind: 13 or 14 digits each, so that another beginning is another number.
_FIRST = {b"Order": 570, b"LineItem": 147, b"Customer": 710}
MOST = 280
_EMAIL = b"customer-"


class File(msgspec.Struct, frozen=True):
    """What the sandbox wrote, once."""

    content: bytes
    rows: int
    roots: int

    def copy(self, number: int) -> bytes:
        """Return the file with everybody's and everything's number changed; every copy has the same length."""
        found = self.content.replace(_EMAIL, b"%s%03d-" % (_EMAIL, number))
        for kind, first in _FIRST.items():
            found = found.replace(b"%s\\/%d" % (kind, first), b"%s\\/%d" % (kind, first + number))
        return found


class Shelf(msgspec.Struct, frozen=True):
    """The two files of a shop, and how often they come."""

    customers: File
    orders: File
    copies: int


def files(source: Source) -> tuple[File, File]:
    """Have the sandbox write what an import would ask for: customers, and orders."""
    token = origin.token(source)
    return _file(source, token, documents.bulk_customers()), _file(source, token, documents.bulk_orders())


@contextmanager
def served(shelf: Shelf) -> Iterator[str]:
    """Serve the shop from a process of its own; yield its address."""
    assert shelf.copies <= MOST
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(shelf, theirs), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def _file(source: Source, token: str, query: str) -> File:
    def ask(document: str, words: dict[str, str]) -> Any:
        answer = requests.post(
            f"{source.base}/admin/api/2026-10/graphql.json",
            json={"query": document, "variables": words},
            headers={"X-Shopify-Access-Token": token},
            timeout=60,
        )
        return next(iter(answer.json()["data"].values()))

    state = ask(documents.BULK_START, {"query": query})["bulkOperation"]
    while state["status"] != "COMPLETED":
        time.sleep(0.2)
        state = ask(documents.BULK_STATE, {"id": state["id"]})
    content = requests.get(state["url"], timeout=60).content
    lines = content.splitlines()
    return File(content, len(lines), sum(b"__parentId" not in line for line in lines))


def _serve(shelf: Shelf, told: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _door(shelf))
    told.send(server.server_address[1])
    server.serve_forever()


def _door(shelf: Shelf) -> type[BaseHTTPRequestHandler]:
    names = {"1": shelf.customers, "2": shelf.orders}

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps({"data": _said(shelf, names, asked, self.headers["Host"])}).encode()
            self._begin(len(body))
            self.wfile.write(body)

        def do_GET(self) -> None:
            file = names[self.path[1:]]
            self._begin(len(file.copy(0)) * shelf.copies)
            for number in range(shelf.copies):
                self.wfile.write(file.copy(number))

        def _begin(self, length: int) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(length))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return Door


def _said(
    shelf: Shelf, names: dict[str, File], asked: dict[str, dict[str, str]], here: str
) -> dict[str, object]:
    query, words = str(asked["query"]), asked["variables"]
    if "query Counts" in query:
        kinds = {"ordersCount": shelf.orders, "customersCount": shelf.customers}
        return {name: {"count": file.roots * shelf.copies} for name, file in kinds.items()}
    if "query BulkNewest" in query:
        return {"bulkOperations": {"nodes": []}}
    if "mutation BulkStart" in query:
        number = "1" if words["query"].startswith("{ customers") else "2"
        started = {"id": f"gid://shopify/BulkOperation/{number}", "status": "CREATED"}
        return {"bulkOperationRunQuery": {"bulkOperation": started, "userErrors": []}}
    if "query Rights" in query:
        granted = [{"handle": right} for right in settings.SCOPES]
        return {"currentAppInstallation": {"accessScopes": granted}}
    assert "query BulkState" in query, query
    number = words["id"].rpartition("/")[2]
    file = names[number]
    state = {
        "id": words["id"],
        "status": "COMPLETED",
        "errorCode": None,
        "objectCount": str(file.rows * shelf.copies),
        "fileSize": str(len(file.copy(0)) * shelf.copies),
        "url": f"http://{here}/{number}",
    }
    return {"bulkOperation": state}
