"""The address of a shop, as the merchant types it and as the house keeps it."""

import re
from urllib.parse import urlsplit

_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,62})?(\.[a-z0-9]([a-z0-9-]{0,62})?)*")

# What may be pasted behind a shop's own address. Magento makes up an admin's path of `admin_` and a word.
_BEHIND = re.compile(r"/(rest|index\.php|admin(_[A-Za-z0-9]+)?)(/.*)?$")
_DEEPEST = 3  # folders in which a shop that was not found is looked for
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class NotAnAddress(ValueError):
    """The text is no web address of a shop."""


def normalised(text: str) -> str:
    """Return the shop's base URL with a slash at its end, the host in lower-case ASCII; raise NotAnAddress.

    A missing scheme means https; an admin or REST address pasted from the browser is cut back to the shop's own.
    """
    text = text.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = (parts.hostname or "").rstrip(".").encode("idna").decode().lower()
        port = f":{parts.port}" if parts.port and parts.port != _usual(parts.scheme) else ""
    except ValueError as error:  # also what idna raises
        raise NotAnAddress("no web address") from error
    path = _BEHIND.sub("", parts.path).rstrip("/")
    odd = "@" in parts.netloc or parts.query or parts.fragment or "\\" in text
    dots = {".", ".."} & set(path.split("/"))
    if odd or dots or parts.scheme not in ("http", "https"):
        raise NotAnAddress("more than an address")
    if not _HOST.fullmatch(host) or not _PATH.fullmatch(path):
        raise NotAnAddress("no web address")
    return f"{parts.scheme}://{host}{port}{path}/"


def bases(address: str) -> tuple[str, ...]:
    """Return where the shop may be that calls itself this, the likeliest first.

    With store codes in its addresses Magento adds that of the view it is in, of the admin even, which is no part of where
    it is; the last folder is one perhaps.
    """
    above, _, last = address.rstrip("/").rpartition("/")
    return (f"{above}/", address) if _CODE.fullmatch(last) and not above.endswith("/") else (address,)


def folders(address: str) -> tuple[str, ...]:
    """Return the address and those of the folders above, up to the host alone, nearest first; of a long path not all."""
    parts = urlsplit(address)
    path = parts.path.strip("/").split("/") if parts.path.strip("/") else []
    depths = dict.fromkeys((len(path), *range(min(len(path), _DEEPEST), -1, -1)))
    return tuple("/".join((f"{parts.scheme}://{parts.netloc}", *path[:depth], "")) for depth in depths)


def moved(asked: str, location: str) -> str:
    """Return the base URL of a shop that answers from `location` on another host than was asked; empty where none is told.

    Of `location` nothing is taken but the host, and only one that could be a shop's: public by its name, on https.
    """
    try:
        base, parts = urlsplit(asked), urlsplit(location)
        there = normalised(f"{parts.scheme}://{parts.netloc}{base.path}")
    except ValueError:
        return ""
    host = urlsplit(there).netloc
    named = "." in host and not host.rpartition(".")[2].isdigit() and ":" not in host
    return there if named and parts.scheme == "https" and there != asked else ""


def _usual(scheme: str) -> int:
    return 80 if scheme == "http" else 443
