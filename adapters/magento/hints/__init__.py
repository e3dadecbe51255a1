"""Hints: Magento Open Source sends no webhooks, modules do, and what they say is only a reason to look.

A hint carries no truth, so nothing is read from it but numbers; a repeated hint means one look more and changes nothing.
One file for each kind of sender; which it is, the headers tell.
"""

from collections.abc import Callable, Mapping

from connector.port import BadSignature, Delivery, Knock, TokenVault

from ..keys import Keys, unpacked
from . import async_events, commerce, io_events, meaning, own, plain

Sender = Callable[[Knock, Keys], Delivery]
_SIGNING: dict[str, Sender] = {
    own.HEADER: own.received,
    async_events.HEADER: async_events.received,
    commerce.HEADER: commerce.received,
    **{name: io_events.received for name, _ in io_events.HEADERS},
}
# Commerce may also be told to send the secret instead of a signature, and waits for the answer all the same.
_WAITING = (commerce.TOPIC, plain.TOPIC)


def received(knock: Knock, vault: TokenVault | None) -> Delivery:
    """Prove the hint by what its kind of sender proves itself with; raise BadSignature."""
    if vault is None:
        raise BadSignature("no shop has this address")
    sender = next((_SIGNING[name] for name in _SIGNING if name in knock.headers), plain.received)
    return sender(knock, unpacked(vault.read()))


def answer(delivery: Delivery) -> tuple[bytes, str] | None:
    """Return what its sender must hear so that the shop goes on."""
    return commerce.GO_ON if delivery.topic in _WAITING else None


def challenge(query: Mapping[str, str], vault: TokenVault) -> str | None:
    """Return what Adobe asks to hear before it sends events here."""
    return io_events.challenge(query.get("challenge", ""), unpacked(vault.read()))


read = meaning.read
