"""The settings, read once from the environment; everything that is wrong is said at once."""

from __future__ import annotations

import base64
import ipaddress
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from connector.port import Platform
from connector.secrets import parse_keys

DEFAULT_PUBLIC_URL = "http://127.0.0.1:8080"
_DEFAULT_PORT = 8080
_DEFAULT_INBOX = 1_000_000
_SHORTEST_SECRET = 32
_SHORTEST_TOKEN = 16

# Every variable of the house with what it is for; `.env.example` shows them, the platforms declare their own.
OWN = {
    "DATABASE_URL": "PostgreSQL, as the application's role; empty: a PostgreSQL of Comeback's own under COMEBACK_HOME",
    "DATABASE_OWNER_URL": "the same database as the owner of the tables, for migrations; empty: DATABASE_URL",
    "COMEBACK_HOME": "the folder for Comeback's own PostgreSQL; empty: ./var",
    "FORGOTTEN_LOG": "the file that remembers who was forgotten, for after a restore; empty: COMEBACK_HOME/forgotten.log",
    "PUBLIC_URL": f"the address shops and merchants reach Comeback at; empty: {DEFAULT_PUBLIC_URL}",
    "HOST": "the network address to listen on; empty: 127.0.0.1",
    "PORT": f"the port to listen on; empty: {_DEFAULT_PORT}",
    "PROXY_HOPS": "how many proxies of yours stand before Comeback; empty: 0",
    "SECRET_KEY": "at least 32 random characters; signs sessions and keys the hashes of e-mail addresses: never change it",
    "ENCRYPTION_KEYS": "id:key pairs joined by commas, newest first; they seal tokens and personal words",
    "ALLOW_PRIVATE_HOSTS": "host:port pairs on this machine that shop addresses may name; for trying out only",
    "INBOX_LIMIT": f"how many messages may wait before the door asks shops to come again later; empty: {_DEFAULT_INBOX}",
    "METRICS_TOKEN": "the bearer word for /metrics, at least 16 random characters; empty: there is no /metrics",
}


class Problem(msgspec.Struct, frozen=True):
    """A setting that cannot be used; `what_to_do` is a sentence for whoever runs Comeback."""

    name: str
    what_to_do: str


class BadSettings(Exception):
    """One or more settings are missing or wrong; the text names all of them."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        lines = [f"  {problem.name}: {problem.what_to_do}" for problem in problems]
        super().__init__("\n".join(["Some settings are missing or wrong:", *lines]))
        self.problems = problems


class Settings(msgspec.Struct, frozen=True):
    """What one process runs with. `environment` holds the platforms' own variables, `platforms` those on offer.

    `database_url` is empty where Comeback brings its own PostgreSQL. `private_hosts` are "host:port".
    """

    database_url: str
    database_owner_url: str
    home: Path
    forgotten_log: Path
    public_url: str
    host: str
    port: int
    proxy_hops: int
    secret_key: bytes
    encryption_keys: dict[str, bytes]
    private_hosts: frozenset[str]
    metrics_token: str
    inbox_limit: int
    platforms: tuple[str, ...]
    environment: dict[str, str]

    def __repr__(self) -> str:
        return f"Settings(public_url={self.public_url!r}, platforms={self.platforms!r})"

    @property
    def public_host(self) -> str:
        """The host name in `public_url`."""
        return urlsplit(self.public_url).hostname or ""

    @property
    def secure(self) -> bool:
        """Whether browsers reach us by https."""
        return self.public_url.startswith("https:")


def read(env: Mapping[str, str], platforms: Mapping[str, Platform]) -> Settings:
    """Return the settings; raise BadSettings naming everything that is missing or wrong."""
    words = {name: env.get(name, "").strip() for name in OWN}
    public_url = (words["PUBLIC_URL"] or DEFAULT_PUBLIC_URL).rstrip("/")
    problems = (*_problems(words, public_url), *_platform_problems(env, platforms))
    if problems:
        raise BadSettings(problems)
    database_url = _with_driver(words["DATABASE_URL"])
    return Settings(
        database_url=database_url,
        database_owner_url=_with_driver(words["DATABASE_OWNER_URL"]) or database_url,
        home=Path(words["COMEBACK_HOME"] or "var"),
        forgotten_log=Path(words["FORGOTTEN_LOG"] or Path(words["COMEBACK_HOME"] or "var") / "forgotten.log"),
        public_url=public_url,
        host=words["HOST"] or "127.0.0.1",
        port=int(words["PORT"] or _DEFAULT_PORT),
        proxy_hops=int(words["PROXY_HOPS"] or 0),
        secret_key=words["SECRET_KEY"].encode(),
        encryption_keys=parse_keys(words["ENCRYPTION_KEYS"]),
        private_hosts=frozenset(_host_list(words["ALLOW_PRIVATE_HOSTS"])),
        metrics_token=words["METRICS_TOKEN"],
        inbox_limit=int(words["INBOX_LIMIT"] or _DEFAULT_INBOX),
        platforms=tuple(name for name, platform in platforms.items() if _offered(platform, env)),
        environment=_platform_environment(env, platforms),
    )


def from_file(path: Path) -> dict[str, str]:
    """Read the variables of a `.env` file: NAME=value lines, `#` remarks, quotes round a value; none if there is none.

    Raises BadSettings where it is there and cannot be read.
    """
    if not path.is_file():
        return {}
    found: dict[str, str] = {}
    for line in _text(path).splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if not equals or name.startswith("#"):
            continue
        value = value.strip()
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
        found[name.strip()] = value[1:-1] if quoted else value.partition(" #")[0].strip()
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        why = f"line {line} is not UTF-8; save the file as UTF-8 text"
    except OSError as error:
        why = f"cannot be read ({error.strerror}); let the account that runs Comeback read it"
    raise BadSettings((Problem(str(path), why),))


def environment() -> dict[str, str]:
    """Return the variables of the process, over those of a `.env` file in the working folder."""
    return from_file(Path(".env")) | dict(os.environ)


def fresh_secrets() -> dict[str, str]:
    """Return new values for the settings that must be random."""
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    return {"SECRET_KEY": secrets.token_urlsafe(48), "ENCRYPTION_KEYS": f"k1:{key}"}


def on_loopback(host: str) -> bool:
    """Say whether a host name or address is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _problems(words: Mapping[str, str], public_url: str) -> Iterator[Problem]:
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        if words[name] and not words[name].startswith(
            ("postgresql://", "postgres://", "postgresql+psycopg://")
        ):
            yield Problem(
                name, "must start with postgresql://; leave it empty for a database of Comeback's own"
            )
        elif not _whole(words[name]):
            yield Problem(name, "must look like postgresql://role:password@host:5432/name, without blanks")
    if words["HOST"] and not _listenable(words["HOST"]):
        yield Problem("HOST", "must be an address of this machine, such as 127.0.0.1 or 0.0.0.0")
    if words["DATABASE_OWNER_URL"] and not words["DATABASE_URL"]:
        yield Problem("DATABASE_URL", "is missing, while DATABASE_OWNER_URL is set; set both or neither")
    yield from _address_problems(words, public_url)
    if len(words["SECRET_KEY"]) < _SHORTEST_SECRET:
        why = "is too short" if words["SECRET_KEY"] else "is missing"
        yield Problem("SECRET_KEY", f"{why}; paste the line that `comeback secrets` prints")
    try:
        parse_keys(words["ENCRYPTION_KEYS"])
    except ValueError as error:
        why = str(error) if words["ENCRYPTION_KEYS"] else "is missing"
        yield Problem("ENCRYPTION_KEYS", f"{why}; paste the line that `comeback secrets` prints")
    if 0 < len(words["METRICS_TOKEN"]) < _SHORTEST_TOKEN:
        yield Problem("METRICS_TOKEN", f"is too short; take at least {_SHORTEST_TOKEN} random characters")
    for name, highest in (("PORT", 65535), ("PROXY_HOPS", 9), ("INBOX_LIMIT", 10**9)):
        if words[name] and not (
            words[name].isascii() and words[name].isdigit() and int(words[name]) <= highest
        ):
            yield Problem(name, f"must be a whole number up to {highest}")


def _whole(url: str) -> bool:
    """Tell whether a database's address can be taken apart."""
    try:
        _ = urlsplit(url).port
    except ValueError:
        return False
    return not any(sign.isspace() for sign in url)


def _listenable(host: str) -> bool:
    """Tell whether a server could listen there: an IP address, or a name without dots such as localhost."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return re.fullmatch(r"[a-z][a-z0-9-]*", host) is not None
    return True


def _address_problems(words: Mapping[str, str], public_url: str) -> Iterator[Problem]:
    try:
        url = urlsplit(public_url)
        host, odd = url.hostname or "", url.path + url.query + url.fragment + (url.username or "")
        _ = url.port
    except ValueError:
        host, odd = "", ""
    if not host or odd or not public_url.startswith(("https://", "http://")):
        yield Problem("PUBLIC_URL", "must be an address such as https://loyalty.example.com, without a path")
    elif not on_loopback(host) and not public_url.startswith("https://"):
        yield Problem("PUBLIC_URL", "must start with https:// (shops send personal data there)")
    if words["ALLOW_PRIVATE_HOSTS"] and not on_loopback(host):
        yield Problem("ALLOW_PRIVATE_HOSTS", "is only for trying out on one machine; empty it, or PUBLIC_URL")
    try:
        _host_list(words["ALLOW_PRIVATE_HOSTS"])
    except ValueError:
        yield Problem(
            "ALLOW_PRIVATE_HOSTS", "must be host:port pairs joined by commas, such as 127.0.0.1:8099"
        )


def _platform_problems(env: Mapping[str, str], platforms: Mapping[str, Platform]) -> Iterator[Problem]:
    """What is wrong with platforms that somebody began to set up; one without any variable is just not on offer."""
    for platform in platforms.values():
        found = platform.settings(env)
        if any(env.get(setting.name, "").strip() for setting in found):
            for setting in found:
                if setting.problem is not None:
                    yield Problem(setting.name, setting.problem)


def _platform_environment(env: Mapping[str, str], platforms: Mapping[str, Platform]) -> dict[str, str]:
    # A platform whose shops' addresses are typed by merchants checks each connection, and must know what is let through.
    names = ["ALLOW_PRIVATE_HOSTS"]
    names += [setting.name for platform in platforms.values() for setting in platform.settings(env)]
    return {name: env[name] for name in names if name in env}


def _offered(platform: Platform, env: Mapping[str, str]) -> bool:
    return all(setting.problem is None for setting in platform.settings(env))


def _with_driver(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if mark and scheme in ("postgres", "postgresql") else url


def _host_list(text: str) -> list[str]:
    """Read "host:port,host:port"; raise ValueError."""
    pairs = [part.strip().lower() for part in text.split(",") if part.strip()]
    for pair in pairs:
        host, _, port = pair.rpartition(":")
        if not host or not 0 < int(port) < 65536:
            raise ValueError(pair)
    return pairs
