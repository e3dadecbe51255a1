"""The shop's REST interface under /rest: which route, who asks, what is said."""

import json
import sys
import traceback
from urllib.parse import parse_qsl

import msgspec
from flask import Flask, Response, request

from adapters.magento.sandbox import ask, collected, events, fields, own_module
from adapters.magento.sandbox.faults import Fault, Faults
from adapters.magento.sandbox.oauth import Call
from adapters.magento.sandbox.problems import Problem, internal, no_route, not_allowed
from adapters.magento.sandbox.shop import Shop

# Importing them is what fills the list of routes.
ROUTE_MODULES = collected.modules("routes_")

LONGEST = 8190  # bytes of a request's first line: what Apache takes unless told otherwise, and nginx nearly

_QUEUED = "async/bulk/"  # answered with 202: accepted, not done


def mount(app: Flask, shop: Shop, faults: Faults) -> None:
    """Add /rest to the application."""

    @app.route("/rest/<path:path>", methods=["GET", "POST", "PUT", "DELETE", "PATCH"])
    def rest(path: str) -> Response:
        body = request.get_data()  # read in any case, or the rest of it would be taken for the next request
        faults.count(request.method, path)
        if len(f"{request.method} {request.environ['RAW_URI']} HTTP/1.1") > LONGEST:
            return faults.response(Fault(status=414, html=True))  # Magento never sees it
        fault = faults.due(path, request.method)
        if fault is not None and not fault.after_effect:
            return faults.response(fault)
        answer = _answer(shop, faults, path, body)
        return answer if fault is None else faults.response(fault)


def _answer(shop: Shop, faults: Faults, path: str, body: bytes) -> Response:
    try:
        return _said(202 if path.startswith(_QUEUED) else 200, _wanted(_result(shop, path, body)))
    except Problem as problem:
        faults.refused()
        return _said(problem.status, problem.body())
    except (ArithmeticError, LookupError, TypeError, ValueError):
        traceback.print_exc(file=sys.stderr)
        return _said(500, internal("5a4d0b0c5a4d0").body())


def _result(shop: Shop, path: str, body: bytes) -> object:
    found = ask.find(
        request.method, _without_store(shop, path), (events.module(shop), own_module.installed(shop))
    )
    if found is None:
        raise no_route()
    route, variables = found
    base = request.host_url
    with shop.lock:
        _admit(shop, route.right)
        asked = _asked(variables, _decoded(body), base)
        result = route.answer(shop, asked)
    return result


def _asked(variables: tuple[str, ...], decoded: object, base: str) -> ask.Ask:
    body = decoded if isinstance(decoded, dict) else {}
    rows = tuple(one for one in decoded if isinstance(one, dict)) if isinstance(decoded, list) else ()
    return ask.Ask(variables, request.query_string.decode("latin-1"), body, base, rows)


def _without_store(shop: Shop, path: str) -> str:
    """Take `V1/` or `<store code>/V1/` off. A store code does not filter anything."""
    if path.startswith(_QUEUED):
        return _QUEUED + _without_store(shop, path.removeprefix(_QUEUED))
    code, _, rest = path.partition("/")
    if code == "V1":
        return rest
    if rest.startswith("V1/"):
        if code not in ("all", "admin", *(view.code for view in shop.places.views)):
            raise Problem(400, "Specified request cannot be processed.")
        return rest.removeprefix("V1/")
    raise no_route()


def _admit(shop: Shop, right: str) -> None:
    if shop.open_to_anybody and right == "Magento_Backend::store":
        return  # who calls is not even looked at
    call = Call(
        method=request.method,
        url=request.host_url.rstrip("/") + request.environ["RAW_URI"].partition("?")[0],
        query=request.query_string.decode("latin-1"),
        authorization=request.headers.get("Authorization", ""),
    )
    if shop.desk.knows_admin(call):
        return
    signed = shop.desk.admits(call, shop.clock())
    if right and not (signed and right in shop.rights):
        raise not_allowed(right)


def _decoded(body: bytes) -> object:
    if request.method not in ("POST", "PUT") or not body:
        return {}
    if request.mimetype != "application/json":
        text = f"Server cannot understand Content-Type HTTP header media type {request.mimetype}"
        raise Problem(400, text)
    try:
        return json.loads(body)
    except ValueError as error:
        raise Problem(400, "Decoding error.") from error


def _wanted(result: object) -> object:
    asked = [value for key, value in parse_qsl(request.query_string.decode("latin-1")) if key == "fields"]
    return fields.only(result, fields.parse(asked[0])) if asked else result


def _said(status: int, body: object) -> Response:
    answer = Response(msgspec.json.encode(body), status, content_type="application/json; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    return answer
