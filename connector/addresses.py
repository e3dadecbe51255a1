"""Which addresses are of the internet at large: one answer for what merchants type and for every connection made."""

import ipaddress
import socket
import threading
from queue import Empty, Queue

LOOK_UP = 5.0  # seconds for a name

# The only part of IPv6 that is handed out for the internet; what is outside of it is local, reserved or a way back in.
_INTERNET = ipaddress.IPv6Network("2000::/3")
# What the standard library calls global but leads back to an IPv4 address of the sender's choice: 6to4 and Teredo, and
# the relays of 6to4.
_TUNNELS = tuple(ipaddress.ip_network(net) for net in ("2002::/16", "2001::/32", "192.88.99.0/24"))


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the internet at large, and not one of ours hidden inside IPv6."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if found not in _INTERNET:
            return False
    if any(found in net for net in _TUNNELS if net.version == found.version):
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def household(address: str) -> str:
    """Return whom an address stands for where callers are counted: of IP version 6 the network that one household has."""
    return _network(address, 32, 64)


def neighbourhood(address: str) -> str:
    """Return the network that an address is of and that one hand may have the whole of: what is hired or leased at once."""
    return _network(address, 24, 48)


def _network(address: str, bits: int, bits_of_6: int) -> str:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    found = getattr(found, "ipv4_mapped", None) or found
    return str(ipaddress.ip_network((found, bits if found.version == 4 else bits_of_6), strict=False))


def looked_up(host: str, port: int | None) -> tuple[str, ...]:
    """Ask the machine's resolver, which knows no time limit of its own, for every address of a name.

    Raises OSError where it knows none or does not say in time, and UnicodeError where the name is none.
    """
    told: Queue[tuple[str, ...] | OSError | UnicodeError] = Queue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            told.put(tuple(str(place[4][0]) for place in found))
        except (OSError, UnicodeError) as error:
            told.put(error)

    threading.Thread(target=ask, name="look-up", daemon=True).start()
    try:
        found = told.get(timeout=LOOK_UP)
    except Empty as error:
        raise TimeoutError("no answer from the resolver") from error
    if isinstance(found, tuple):
        return found
    raise found
