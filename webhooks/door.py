"""The door: prove a message genuine on its raw bytes, keep it, answer. Nothing else happens here.

A 200 is a promise that the message is on disk. Everything that is not proved genuine gets 401, whatever else is wrong
with it, so that the answer tells nothing about which shops, topics and platforms are known here.
"""

from __future__ import annotations

import re
from datetime import datetime

import msgspec
import structlog
from flask import Blueprint, Request, Response, abort, request

from connector.house import House
from connector.port import (
    BadMessage,
    BadSignature,
    CustomerForgotten,
    DataAsked,
    Delivery,
    KeyWanted,
    Knock,
    Platform,
    ShopForgotten,
    ShopRemoved,
)
from connector.store import health, heard, inbox, queue, rates, shops, vaults
from connector.store.database import Tx, bind
from connector.store.shops import Shop
from webhooks.declared import Declared
from webhooks.room import Room

LARGEST = 2 * 1024 * 1024  # bytes of one message
_LONGEST_WORD = 200  # characters of an id or a topic; the database could not index much more
_BUSY_SECONDS = 30
_LEARN_A_MINUTE = 4  # keys fetched for one shop, whoever asks for them
_WORD = re.compile(r"[0-9a-z]{1,40}")

_log = structlog.get_logger()


class Address(msgspec.Struct, frozen=True):
    """Where a message came to: at its shop's own address, at the one that a file names, or at that of all shops."""

    platform: str
    shop_key: str | None
    declared: str


class Outcome(msgspec.Struct, frozen=True):
    """What became of one message: a word for the figures, the status, and what its sender must hear."""

    result: str
    status: int
    said: tuple[bytes, str] | None = None


class Memory(msgspec.Struct, frozen=True):
    """What a process remembers from message to message. `senders`: where each address was found last, a guess that saves
    looking it up, and is held against the shop's row when it is used."""

    declared: Declared
    senders: dict[tuple[str, str], inbox.Sender] = {}


def create_blueprint(house: House) -> Blueprint:
    """Return the routes of the door, to be mounted under `/webhooks`."""
    door, room = Blueprint("webhooks", __name__), Room(house)
    memory = Memory(Declared(house))

    @door.post("/<platform_name>")
    @door.post("/<platform_name>/<shop_key>")
    @door.post("/<platform_name>/declared/<word>")
    def receive(platform_name: str, shop_key: str | None = None, word: str = "") -> Response:
        address = Address(platform_name, shop_key, word if _WORD.fullmatch(word) else "")
        try:
            outcome = _take(house, room, memory, address)
        except health.TROUBLE as error:
            # However it failed, at the commit too: without a row there is no 200, and the shop sends it again.
            _log.error("not kept", error=type(error).__name__)
            outcome = Outcome("database_gone", 503)
        known = platform_name if platform_name in house.platforms else "unknown"
        house.tally.count("webhooks", platform=known, result=outcome.result)
        said, mimetype = outcome.said or (b"", None)
        answer = Response(said, outcome.status, mimetype=mimetype)
        if outcome.status == 503:
            answer.headers["Retry-After"] = str(_BUSY_SECONDS)
        return answer

    @door.get("/<platform_name>/<shop_key>")
    def challenge(platform_name: str, shop_key: str) -> Response:
        try:
            proof = _proof(house, platform_name, shop_key)
        except (BadSignature, vaults.NoTokens):
            return Response(status=401)
        except health.TROUBLE:
            return Response(status=503)
        return Response(status=401) if proof is None else Response(proof, mimetype="text/plain")

    return door


def _proof(house: House, platform_name: str, shop_key: str) -> str | None:
    """Return what shows a sender that its messages to this shop's address would come to us; None: nothing to say."""
    platform = house.platforms.get(platform_name)
    shop = None if platform is None else _by_key(house, platform, shop_key)
    if platform is None or shop is None:
        return None
    return platform.challenge(house.settings.environment, request.args, house.vault(shop))


def _take(house: House, room: Room, memory: Memory, address: Address) -> Outcome:
    body = raw_body(request)
    platform = house.platforms.get(address.platform)
    if platform is None:
        return Outcome("bad_signature", 401)
    shop = None if address.shop_key is None else _by_key(house, platform, address.shop_key)
    try:
        knock = Knock(_headers(request), body, request.args, house.now())
        delivery = platform.receive(
            house.settings.environment, knock, None if shop is None else house.vault(shop)
        )
    except (BadSignature, vaults.NoTokens):
        return Outcome("bad_signature", 401)
    except KeyWanted as error:
        return _learn(house, shop, error.names)
    except BadMessage as error:
        _log.warning("unreadable webhook", platform=platform.name, reason=str(error))
        return Outcome("bad_message", 400)
    if max(len(delivery.id), len(delivery.topic)) > _LONGEST_WORD or not delivery.id:
        return Outcome("bad_message", 400)
    if (problem := room.problem()) is not None:
        _log.error("no room", reason=problem)
        return Outcome("no_room", 503)
    delivery = msgspec.structs.replace(delivery, declared=address.declared)
    return Outcome(_keep(house, memory, platform, shop, delivery), 200, platform.answer(delivery))


def _learn(house: House, shop: Shop | None, names: tuple[str, ...]) -> Outcome:
    """Have the keys fetched that the message may be signed with; its sender comes again."""
    if shop is None or shop.state == "removed" or any(len(name) > _LONGEST_WORD for name in names):
        return Outcome("bad_signature", 401)
    limit = rates.Limit(f"learn {shop.id}", _LEARN_A_MINUTE)
    with house.database.everyone() as connection:
        queue.hurry(connection)
        for name in names:
            if rates.count(connection, house.ring, (limit,), house.now()) is None:
                queue.learn(connection, shop.merchant_id, shop.id, name)
    return Outcome("key_wanted", 503)


def raw_body(message: Request) -> bytes:
    """Return the bytes as they came: 411 without their length, 413 when too many, 400 when some are missing."""
    # Servers cut a chunked body at their limit and hand it over as whole; only a stated length can be held against it.
    length = message.content_length
    if length is None or "HTTP_TRANSFER_ENCODING" in message.environ:
        abort(411)
    if length > LARGEST:
        abort(413)
    body = message.get_data(cache=False)
    if len(body) != length:
        abort(400)
    return body


def _keep(house: House, memory: Memory, platform: Platform, named: Shop | None, delivery: Delivery) -> str:
    """Keep the delivery in one transaction, and say what became of it."""
    now = house.now()
    found = memory.senders.get((platform.name, delivery.shop_address or "")) if named is None else None
    result: str = "elsewhere"
    if found is not None:
        result = inbox.keep_of(house.database, found, delivery, now)
    if found is None or result == "elsewhere":
        found, result = _look_up_and_keep(house, platform, named, delivery, now)
        if found is None:
            return result
        memory.senders[found.platform, found.address] = found
    _note_oddities(house, found, delivery, now)
    memory.declared.hear(found, delivery, now)
    _log.info(
        "webhook",
        platform=platform.name,
        shop_id=found.shop_id,
        topic=delivery.topic,
        delivery=delivery.id,
        result=result,
    )
    return result


def _note_oddities(house: House, sender: inbox.Sender, delivery: Delivery, now: datetime) -> None:
    """Note what an operator should hear of before it breaks something; the message itself is kept by then."""
    odd = {"version": bool(delivery.other_version), "old_secret": delivery.old_secret}
    for what in (name for name, holds in odd.items() if holds):
        house.tally.count("odd_webhooks", platform=sender.platform, what=what)
    if any(odd.values()):
        with house.database.merchant(sender.merchant_id) as tx:
            heard.oddly(tx, sender.shop_id, delivery.other_version, delivery.old_secret, now)


def _look_up_and_keep(
    house: House, platform: Platform, named: Shop | None, delivery: Delivery, now: datetime
) -> tuple[inbox.Sender | None, str]:
    """Find out whose the delivery is, and keep it in the same transaction; no sender where it is nobody's."""
    with house.database.everyone() as connection:
        queue.hurry(connection)
        shop = named
        if delivery.shop_address is not None:
            shop = shops.find_by_address(connection, platform.name, delivery.shop_address)
        meant = shop if named is None or _same(shop, named) else None
        if meant is None or not _wanted(platform, meant, delivery):
            heard.stray(connection, platform.name, delivery.topic, now)
            return None, "stray"
        bind(connection, meant.merchant_id)
        tx = Tx(connection, meant.merchant_id, house.ring)
        kept = inbox.keep(tx, meant.id, delivery, "webhook", now)
    sender = inbox.Sender(meant.merchant_id, meant.id, meant.platform, meant.address)
    return sender, "kept" if kept else "repeat"


def _wanted(platform: Platform, shop: Shop, delivery: Delivery) -> bool:
    """A shop that removed us still tells us whom to forget; nothing else of it is ours to keep."""
    if shop.state != "removed":
        return True
    try:
        changes = platform.read(delivery)
    except BadMessage:
        return True
    return any(
        isinstance(change, CustomerForgotten | DataAsked | ShopForgotten | ShopRemoved) for change in changes
    )


def _same(one: Shop | None, other: Shop) -> bool:
    return one is not None and one.id == other.id


def _by_key(house: House, platform: Platform, shop_key: str) -> Shop | None:
    if "\0" in shop_key:
        return None  # which PostgreSQL cannot even look for
    with house.database.everyone() as connection:
        shop = shops.find_by_key(connection, shop_key)
    return shop if shop is not None and shop.platform == platform.name else None


def _headers(message: Request) -> dict[str, str]:
    """Return the headers by their names in lower case, as the server hands them over."""
    return {
        name[5:].lower().replace("_", "-"): value
        for name, value in message.environ.items()
        if name.startswith("HTTP_")
    }
