"""What the house keeps for us, encrypted: the four keys of the integration, and what the merchant said of the shop."""

import hashlib
import secrets
from datetime import datetime, timedelta

import msgspec

from connector.port import MarkKind

from .signing import Spelling

OLD_SECRET_LASTS = timedelta(days=1)
MOST_OLD = 5  # secrets of before that are believed


class Learned(msgspec.Struct, frozen=True):
    """A public key of Adobe's in PEM, by the path where it lies, good until then (Unix time)."""

    path: str
    pem: str
    until: int


class Adobe(msgspec.Struct, frozen=True, omit_defaults=True):
    """What messages of Adobe are proved by: the merchant's project, the shop's public key, and Adobe's own."""

    client_id: str = ""
    webhook_key: str = ""
    learned: tuple[Learned, ...] = ()


class Chosen(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the merchant chose for the shop; it stays when the shop is connected again.

    `replaceable`: numbers of the shop's own groups that a tier may stand in place of, beside the one of newcomers.
    `attribute`: where tags are written, empty: the one that Comeback's module brings; `left`: where they were before.
    """

    marks: MarkKind = "group"
    replaceable: tuple[int, ...] = ()
    attribute: str = ""
    left: tuple[str, ...] = ()


class Old(msgspec.Struct, frozen=True):
    """A secret of hints from before, believed until then (Unix time)."""

    secret: str
    until: int

    def __repr__(self) -> str:
        return "Old(...)"


class Events(msgspec.Struct, frozen=True, omit_defaults=True):
    """What our own subscriptions to the shop's asynchronous events are proved by, and what the merchant said of them.

    `token`: what they sign with; empty before the first is made. `old`: those before it. `left`: the merchant wants none.
    `revive`: the merchant asked for them since, so that those that are switched off in the shop are switched on again.
    """

    token: str = ""
    old: tuple[Old, ...] = ()
    left: bool = False
    revive: bool = False

    def __repr__(self) -> str:
        return "Events(...)"


class Keys(msgspec.Struct, frozen=True, omit_defaults=True):
    """The four keys of an integration, the secret of its hints, and two facts that no call can tell.

    `confirms_email`: the shop lets nobody in, and takes no changed address, before a mail was answered: they are proven.
    `doubted`: Magento said otherwise when it was last asked, or was not heard when the merchant said so; nothing is proven.
    `spelling`: how a signature must be made for the shop to accept it, as found out when it was connected.
    `default_group`: the group newcomers are put in; used where a customer names no store view.
    `rows`: what the shop allows on a page of a list, as it told; 0: any number.
    `old_secrets`: those before `hook_secret`, the eldest first, so that a module can follow.
    """

    consumer_key: str
    consumer_secret: str
    token: str
    token_secret: str
    hook_secret: str
    confirms_email: bool = False
    doubted: bool = False
    default_group: int = 1
    old_secrets: tuple[Old, ...] = ()
    adobe: Adobe = Adobe()
    chosen: Chosen = Chosen()
    events: Events = Events()
    rows: int = 0
    spelling: Spelling = "as_is"

    @property
    def four(self) -> tuple[str, str, str, str]:
        """Consumer key and secret, access token and its secret."""
        return self.consumer_key, self.consumer_secret, self.token, self.token_secret

    @property
    def proves_email(self) -> bool:
        """Whether an address that waits for no confirmation is its customer's own."""
        return self.confirms_email and not self.doubted

    @property
    def sign(self) -> str:
        """What tells this integration from all others, at whatever address its shop is."""
        return sign(self.consumer_key, self.consumer_secret)

    def __repr__(self) -> str:
        return "Keys(...)"  # a traceback that shows its locals must not show these


def sign(consumer_key: str, consumer_secret: str) -> str:
    """Return what only who holds both can bring, and neither can be read from: Reauthorize leaves these two as they are."""
    return hashlib.sha256(f"{consumer_key} {consumer_secret}".encode()).hexdigest()


def packed(keys: Keys) -> bytes:
    """Return the keys as the house keeps them."""
    return msgspec.json.encode(keys)


def unpacked(tokens: bytes) -> Keys:
    """Return the keys that `packed` made."""
    return msgspec.json.decode(tokens, type=Keys)


def with_secret(keys: Keys, secret: str, now: datetime) -> Keys:
    """Return the keys with this secret of hints; each one before is believed for a day after its own end."""
    if secret == keys.hook_secret:
        return keys
    return msgspec.structs.replace(
        keys, hook_secret=secret, old_secrets=_with(keys.old_secrets, keys.hook_secret, secret, now)
    )


def with_first_token(keys: Keys, token: str) -> Keys:
    """Return the keys with this token for subscriptions, where they have none yet."""
    was = keys.events
    return (
        keys if was.token else msgspec.structs.replace(keys, events=msgspec.structs.replace(was, token=token))
    )


def revived(keys: Keys) -> Keys:
    """Return the keys once subscriptions are switched on again: whoever switches one off from now on is heeded."""
    return msgspec.structs.replace(keys, events=msgspec.structs.replace(keys.events, revive=False))


def with_token(keys: Keys, token: str, now: datetime) -> Keys:
    """Return the keys with this token for subscriptions, where they have one; those before are believed as secrets are."""
    was = keys.events
    if not was.token:
        return keys
    old = _with(was.old, was.token, token, now)
    return msgspec.structs.replace(keys, events=msgspec.structs.replace(was, token=token, old=old))


def _with(olds: tuple[Old, ...], was: str, secret: str, now: datetime) -> tuple[Old, ...]:
    good = [each for each in olds if now.timestamp() < each.until and each.secret != secret]
    # However often another is made: the eldest may be the one that the module has, for nobody saw the others.
    kept = *good[:1], *good[1:][-(MOST_OLD - 2) :]
    return *kept, Old(was, int((now + OLD_SECRET_LASTS).timestamp()))


def fresh_secret() -> str:
    """Return a secret that nobody can guess; letters, digits, - and _."""
    return secrets.token_urlsafe(24)
