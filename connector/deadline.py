"""An end for a whole exchange with a shop: the time-outs of a socket begin anew with every byte, and a drip never ends."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class _Exchange:
    def __init__(self) -> None:
        self.over = self.late = False
        self._lock, self._heard = threading.Lock(), list[socket.socket]()

    def hears(self, line: socket.socket) -> None:
        with self._lock:
            self._heard.append(line)
            late = self.late
        if late:
            _shut(line)

    def end(self) -> None:
        with self._lock:
            self.over = True

    def cut(self) -> None:
        with self._lock:
            self.late = not self.over
            for line in self._heard if self.late else ():
                _shut(line)


_own = threading.local()


@contextmanager
def cut_off_after(seconds: float) -> Iterator[None]:
    """Give what this thread exchanges meanwhile so many seconds in all; raise TimeoutError where it takes longer.

    What it hears is told by `hears`; looking the name up and connecting have time-outs of their own, which hold.
    """
    exchange = _own.exchange = _Exchange()
    timer = threading.Timer(seconds, exchange.cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if exchange.late:
            raise TimeoutError("the exchange took too long") from error
        raise
    finally:
        timer.cancel()
        exchange.end()
        _own.exchange = None
    if exchange.late:
        # An answer that ends where its connection does looks whole although it was cut off.
        raise TimeoutError("the exchange took too long")


def hears(line: socket.socket) -> None:
    """Say that this thread begins to listen here, the question being sent."""
    if (exchange := getattr(_own, "exchange", None)) is not None:
        exchange.hears(line)


def _shut(line: socket.socket) -> None:
    # The other side may have been first. Not the shutdown of a TLS socket, which would read on without its keys.
    with suppress(OSError):
        socket.socket.shutdown(line, socket.SHUT_RDWR)
