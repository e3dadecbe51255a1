"""The control routes of the shop's messages: where they go, who sends them, how bad the road is."""

import msgspec

from adapters.magento.sandbox.hints import Kind, Weather, adobe, senders
from adapters.magento.sandbox.stage import Missing, Routes, Said, Stage


def send_hints(stage: Stage, given: Said) -> Said:
    """Send messages to `url`, as one kind of sender does, and say what the merchant must enter at the app."""
    kind = msgspec.convert(given.get("as") or "module", Kind)
    stage.hint_secret = given.get("secret") or stage.hint_secret
    stage.hints.send_to(given.get("url") or "", stage.hint_secret, kind)
    said: Said = {"url": given.get("url"), "secret": stage.hint_secret, "as": kind}
    if kind == "commerce":
        said["public_key"] = senders.public(adobe().webhooks)
    return said | ({"client_id": senders.PROJECT} if kind == "io_events" else {})


def key_of_adobe(stage: Stage, given: Said, place: str, name: str) -> str:
    """A public key, as it lies at Adobe's."""
    pem = adobe().pem(f"/{place}/keys/{name}")
    if pem is None:
        raise Missing("there is no such key")
    return pem


def trouble(stage: Stage, given: Said) -> Said:
    stage.faults.order(given.get("requests") or [])
    weather = {name: value for name, value in given.items() if name != "requests"}
    stage.hints.suffer(msgspec.convert(weather, Weather, strict=False))
    return stage.hints.tally()


def release(stage: Stage, given: Said) -> Said:
    settled = stage.hints.release(given.get("order", "given"), given.get("seed"))
    return {**stage.hints.tally(), "settled": settled}


ROUTES: Routes = [
    ("POST", "hints", send_hints),
    ("GET", "<place>/keys/<name>", key_of_adobe),
    ("POST", "faults", trouble),
    ("POST", "release", release),
]
