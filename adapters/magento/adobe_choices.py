"""What the merchant tells us so that messages of Adobe are believed: the client id of their project, and a public key."""

import re

import msgspec

from connector.port import Choice, Refused

from .hints import rsa
from .keys import Adobe
from .texts import CHOICES

CLIENT, KEY = "adobe_client", "adobe_key"
KEYS = (CLIENT, KEY)

_CLIENT = re.compile(r"[A-Za-z0-9_-]{16,100}")
_LONGEST = 4_000  # characters of a key


def offered(adobe: Adobe, language: str) -> tuple[Choice, ...]:
    """Return both, in one language; they are texts, and may be empty."""
    say = CHOICES.get(language, CHOICES["en"])
    now = {CLIENT: adobe.client_id, KEY: adobe.webhook_key}
    return tuple(
        Choice(key, say[f"{key}_title"], say[f"{key}_hint"], False, (), (text,) if text else ())
        for key, text in now.items()
    )


def with_values(adobe: Adobe, key: str, values: tuple[str, ...]) -> Adobe:
    """Return what is known once this text is; raise Refused where it is none that could be good."""
    text = "".join(values[:1]).strip()
    match key:
        case "adobe_client":
            if text and not _CLIENT.fullmatch(text):
                raise Refused("This is no client id of Adobe's; copy it from the project's credentials.")
            return msgspec.structs.replace(adobe, client_id=text)
        case "adobe_key":
            return msgspec.structs.replace(adobe, webhook_key=_good(text))
        case _:
            raise Refused("There is nothing to choose for this shop.")


def _good(pem: str) -> str:
    pem = pem.replace("\r\n", "\n")
    if not pem:
        return ""
    try:
        rsa.key(pem[:_LONGEST])
    except rsa.NoKey as error:
        raise Refused("This is no public key; copy all of it, with its first and its last line.") from error
    return pem
