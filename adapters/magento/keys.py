"""What the house keeps for us, encrypted: the four keys of the integration, and what the merchant said of the shop."""

import msgspec


class Keys(msgspec.Struct, frozen=True, omit_defaults=True):
    """The four keys of an integration, the secret of its hints, and two facts that no call can tell.

    `confirms_email`: the shop lets nobody in before they answered a mail, so an address there is a proven one.
    `default_group`: the group newcomers are put in; used where a customer names no store view.
    """

    consumer_key: str
    consumer_secret: str
    token: str
    token_secret: str
    hook_secret: str
    confirms_email: bool = False
    default_group: int = 1

    def __repr__(self) -> str:
        return "Keys(...)"  # a traceback that shows its locals must not show these


def packed(keys: Keys) -> bytes:
    """Return the keys as the house keeps them."""
    return msgspec.json.encode(keys)


def unpacked(tokens: bytes) -> Keys:
    """Return the keys that `packed` made."""
    return msgspec.json.decode(tokens, type=Keys)
