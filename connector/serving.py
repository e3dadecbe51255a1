"""Running: the web server and the worker in one process, until somebody says stop."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

from connector.house import House
from connector.store import postgres
from webhooks import door

_THREADS = 8
_PATIENCE = 10.0  # seconds for answers under way
_SHORTEST, _LONGEST = 1.0, 60.0  # seconds between two starts of our own PostgreSQL
_log = structlog.get_logger()


class Web:
    """The web server in a thread of its own; `stop` takes no more requests and waits for those under way."""

    def __init__(self, app: Flask, host: str, port: int, hops: int = 0) -> None:
        """Listen at once, so that a port in use is told before anything else starts; raise OSError."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=256)
        self.port = int(listening.getsockname()[1])
        self._server: Any = create_server(
            app.wsgi_app,
            sockets=[listening],
            threads=_THREADS,
            max_request_body_size=door.LARGEST + 1,
            clear_untrusted_proxy_headers=hops == 0,
            ident="",
        )
        self._end: Callable[[], None] = app.extensions.get("stop", lambda: None)
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop accepting, wait a while for what is being answered, and leave what was counted."""
        # Closed from the server's own loop: a socket closed under its select() would end the loop with answers unsent.
        self._server.trigger.pull_trigger(lambda: wasyncore.dispatcher.close(self._server))
        self._server.task_dispatcher.shutdown(cancel_pending=False, timeout=_PATIENCE)
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and self._unsent():
            time.sleep(0.02)
        self._end()

    def _unsent(self) -> bool:
        return any(channel.total_outbufs_len for channel in list(self._server.active_channels.values()))


class Stop(threading.Event):
    """Set by SIGTERM or SIGINT; a second signal ends the process at once."""

    def heed_signals(self) -> None:
        """Listen to the signals; only the main thread may."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._told)

    def _told(self, number: int, _: object) -> None:
        if self.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self.set()


class Upkeep:
    """Starts our own PostgreSQL again when it was killed: at once, and ever more seldom where it does not stay."""

    def __init__(self, server: postgres.Server | None) -> None:
        self._server = server
        self._next, self._pause = 0.0, _SHORTEST

    def look(self) -> None:
        """Look whether it is there; called often. One that cannot be started is tried again, at most a minute later."""
        now = time.monotonic()
        if self._server is None or now < self._next:
            return
        try:
            revived = self._server.revive()
        except (postgres.CannotStart, OSError) as error:
            _log.error("our own PostgreSQL does not start", error=type(error).__name__)
        else:
            if not revived:
                if now > self._next + _LONGEST:
                    self._pause = _SHORTEST
                return
            _log.warning("our own PostgreSQL was gone and was started again")
        self._next = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, _LONGEST)


def until_stopped(
    house: House, stop: threading.Event, web: Web | None, work: Callable[..., None] | None
) -> int:
    """Serve and work until `stop` is set, then end in good order: web first, then the worker's batch.

    Returns the process's exit code: 1 when the worker ended by itself.
    """
    failed = threading.Event()

    def working() -> None:
        try:
            assert work is not None
            work(house, stop)
        except Exception:  # noqa: BLE001  whatever it is belongs into the log, and ends the process
            _log.exception("the worker ended")
            failed.set()
        finally:
            stop.set()

    worker = threading.Thread(target=working, name="worker") if work is not None else None
    if worker is not None:
        worker.start()
    upkeep = Upkeep(house.server)
    while not stop.wait(0.5):
        upkeep.look()
    if web is not None:
        web.stop()
    if worker is not None:
        worker.join()
    return 1 if failed.is_set() else 0
