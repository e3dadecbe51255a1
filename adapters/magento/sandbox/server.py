"""The sandbox's own web server, on loopback, one thread per connection."""

from typing import Any

from flask import Flask, Response
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from adapters.magento.sandbox import control, handshake, rest
from adapters.magento.sandbox.shop import Shop
from adapters.magento.sandbox.stage import Stage


class _Quiet(WSGIRequestHandler):
    """Answers without delay and writes no line per request; the server closes each connection after its answer."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def send_response(self, code: int, message: str | None = None) -> None:
        # Without the machine's own date beside the shop's.
        self.send_response_only(code, message)

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        return

    def log(self, type: str, message: str, *args: Any) -> None:
        return


def create_app(stage: Stage) -> Flask:
    """Return the shop as a WSGI application: /rest, /oauth, /_sandbox. Every answer is dated by the shop's own clock."""
    app = Flask("magento_sandbox", static_folder=None)

    @app.after_request
    def dated(answer: Response) -> Response:
        answer.date = stage.shop.clock()
        return answer

    rest.mount(app, stage.shop, stage.faults)
    handshake.mount(app, stage.shop)
    control.mount(app, stage)
    return app


def create_server(shop: Shop, port: int = 0, stage: Stage | None = None) -> BaseWSGIServer:
    """Return a server bound to a port of 127.0.0.1; `serve_forever` it in a thread and `shutdown` it at the end."""
    app = create_app(stage or Stage(shop))
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
    server.daemon_threads = True  # type: ignore[attr-defined]
    return server
