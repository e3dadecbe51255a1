"""The sandbox's own routes under /_sandbox: for tests and the demo, never part of the platform.

They stand in the modules beside this one whose names begin with `control_`, each with its list `ROUTES`.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from flask import Flask, Response, request

from adapters.magento.sandbox import browser, collected
from adapters.magento.sandbox.checkout import NotPossible
from adapters.magento.sandbox.problems import Problem
from adapters.magento.sandbox.promotions import CodeRefused
from adapters.magento.sandbox.stage import Control, Missing, Said, Stage
from connector.money import NotMoney

ROUTES: list[tuple[str, str, Control]] = [
    route for module in collected.modules("control_") for route in module.ROUTES
]


def mount(app: Flask, stage: Stage) -> None:
    """Add the control routes to the application."""
    for method, path, answer in ROUTES:
        app.add_url_rule(f"/_sandbox/{path}", f"{method} {path}", _view(stage, answer), methods=[method])


def _view(stage: Stage, answer: Control) -> Callable[..., Response]:
    def view(**variables: Any) -> Response:
        body = request.get_data()
        try:
            given: Said = msgspec.json.decode(body) if body else request.args.to_dict()
            said = answer(stage, given, **variables)
            # A key of Adobe's is no JSON.
            return Response(said, mimetype="text/plain") if isinstance(said, str) else _said(200, said)
        except Missing as why:
            return _said(404, {"error": str(why)})
        except (CodeRefused, NotPossible) as why:
            return _said(422, {"error": str(why)})
        except Problem as problem:
            return _said(422 if problem.status < 500 else 500, problem.body() | {"error": problem.message})
        except browser.RoadBroken as broken:
            return _said(502, {"error": str(broken), "step": broken.step})
        except (KeyError, TypeError, ValueError, NotMoney, msgspec.MsgspecError) as why:
            return _said(400, {"error": f"{type(why).__name__}: {why}"})

    return view


def _said(status: int, body: object) -> Response:
    return Response(msgspec.json.encode(body), status, content_type="application/json")
