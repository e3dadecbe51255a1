"""Who looks at pages of ours inside pages of the platform: a shopper on the storefront, a merchant in the admin."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

Question = Sequence[tuple[str, str]]  # what stands behind the ? of an address, in its order


class Shopper(msgspec.Struct, frozen=True):
    """Who asks from a shop's storefront, as its signature proves; `customer_id` is None where nobody is signed in.

    `place`: the path on the shop's own address that leads here. `page`: of the history, from 1. `proof`: a word that this
    request alone has. `mimetype`: what the answer must call itself, to be set into the shop's own page.
    """

    address: str
    customer_id: str | None
    place: str
    page: int
    proof: str
    mimetype: str


class Visitor(msgspec.Struct, frozen=True):
    """Who looks at our pages in the platform's admin, as its token proves: the shop, and one browser's sitting there."""

    address: str
    sitting: str


class Framing(msgspec.Struct, frozen=True):
    """What pages need in order to be shown inside one shop's admin, and nowhere else.

    `script` comes first in every head, behind the `metas`; `ancestors` and `sources` are origins: who may frame the pages,
    and where the script comes from and may ask. `keeps` are the names in an address that say where it is framed. The admin
    shows the pages' navigation as its own: of elements `menu` and `item`, on the latter of which it lets `event` happen.
    """

    script: str
    metas: tuple[tuple[str, str], ...]
    ancestors: tuple[str, ...]
    sources: tuple[str, ...]
    keeps: tuple[str, ...]
    menu: str
    item: str
    event: str


class Frame(Protocol):
    """The platform's admin, which shows the merchant's pages as a part of its own and proves who looks at each of them.

    `proof` is the bearer that came with a request, None where none did; `question` what its address asks.
    """

    retry: tuple[str, str]  # the header that has the admin's script ask once more, with a new proof

    def visitor(self, proof: str | None, question: Question) -> Visitor | None:
        """Return who asks; None where nothing is claimed to prove it. Raise BadSignature where the proof is not good."""
        ...

    def plain(self, question: Question) -> list[tuple[str, str]]:
        """Return the question without what the admin adds to it."""
        ...

    def bounce(self, question: Question, wanted: str) -> str | None:
        """Return the page that comes back to `wanted`, an address of ours, with a new proof.

        None where the question names no shop, or where it comes from there already.
        """
        ...

    def framing(self, address: str) -> Framing:
        """Return what pages need to be shown in this shop's admin."""
        ...
