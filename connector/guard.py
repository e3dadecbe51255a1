"""Where outgoing calls may go: an address a merchant typed must not lead into our own network."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from urllib.parse import SplitResult, urlsplit

from connector.addresses import is_public, looked_up
from connector.port import Refused

# Returns every address of a name; raises OSError when there is none.
Resolve = Callable[[str, int], Collection[str]]

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_LONGEST_NAME = 253
_NOT_PUBLIC = "This address cannot be reached from here. Enter the public https address of the shop."


def check(url: str, private_hosts: Collection[str] = (), resolve: Resolve = looked_up) -> str:
    """Return the address when outgoing calls may go there: https, port 443, a public name, public answers only.

    `private_hosts` ("host:port") are let through as they are, by http too. Raises Refused with a text for the
    merchant; the text is the same for a private and for an unknown name, so that it tells nothing of our network.
    """
    parts = _parts(url)
    host, port = parts.hostname or "", _port(parts)
    if f"{host}:{port}" in private_hosts:
        return url
    if parts.scheme != "https":
        raise Refused("Enter an address that starts with https://.")
    if port != 443:
        raise Refused("Enter the address without a port number: only the usual https port is called.")
    name = _public_name(host)
    try:
        found = resolve(name, port)
    except (OSError, UnicodeError) as error:
        raise Refused(_NOT_PUBLIC) from error
    if not found or not all(is_public(address) for address in found):
        raise Refused(_NOT_PUBLIC)
    return url


def _parts(url: str) -> SplitResult:
    """Take the address apart; refuse what different readers of one address would take apart differently."""
    if url != url.strip() or any(ord(sign) <= 32 or sign == "\\" or ord(sign) == 127 for sign in url):
        raise Refused("The address contains a blank or a sign that does not belong in an address.")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise Refused("This is not an address; it should look like https://www.example.com.") from error
    if not parts.hostname or parts.scheme not in ("https", "http"):
        raise Refused("This is not an address; it should look like https://www.example.com.")
    if "@" in parts.netloc:
        raise Refused("Enter the address without a user name or password.")
    if "#" in url or "?" in url:
        raise Refused("Enter the address without anything from a question mark or # on.")
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port if parts.port is not None else 443 if parts.scheme == "https" else 80


def _public_name(host: str) -> str:
    """Return the name as DNS writes it; refuse IP addresses in any spelling and names without a dot."""
    try:
        name = host.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError as error:
        raise Refused(_NOT_PUBLIC) from error
    labels = name.split(".")
    if len(name) > _LONGEST_NAME or len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Refused(_NOT_PUBLIC)
    # The last label of a public name is never a number; resolvers read 0x7f.1 and 127.1 as addresses.
    if labels[-1].isdigit() or re.fullmatch(r"0x[0-9a-f]*", labels[-1]):
        raise Refused(_NOT_PUBLIC)
    return name
