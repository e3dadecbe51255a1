"""The conditions of a reward that few have, as fields of the programme's form: what it is about, how many, beside what."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, get_args
from urllib.parse import urlencode

import msgspec

from connector.loyalty.check import Problem, beyond, rewards
from connector.loyalty.terms import Combines, Reward, Terms
from connector.port import Gift, Platform
from connector.records import EVERYTHING, CouponKind, Scope
from connector.settings import forms
from connector.settings.forms import Form, Refused, Wrong
from connector.settings.tongue import _
from connector.store.shops import Shop

KINDS: tuple[CouponKind, ...] = get_args(CouponKind)
COMBINES: tuple[Combines, ...] = get_args(Combines)
SCOPES: tuple[Literal["everything", "products", "collections"], ...] = (
    "everything",
    "products",
    "collections",
)
# A number alone, or the address of the product's page in the shop's admin, which ends in its number.
_ID = re.compile(r"(?:\S*/)?(\d{1,20})/?(?:[?#]\S*)?")


class NotAllowed(msgspec.Struct, frozen=True):
    """What a shop could give and its merchant has not allowed yet; `address`: the page that leads to where they do."""

    kind: str
    shop: str
    address: str


class Able(msgspec.Struct, frozen=True):
    """What every one of the merchant's shops can give, and how many shops they are."""

    gives: frozenset[Gift] = frozenset(get_args(Gift))
    shops: int = 1
    not_allowed: tuple[NotAllowed, ...] = ()

    def problems(self, terms: Terms) -> tuple[Problem, ...]:
        """Return what of the terms the shops cannot do."""
        return beyond(terms, self.gives, self.shops)

    def warnings(self, terms: Terms) -> Iterator[Wrong]:
        """Yield what of the terms waits for a right, beside the field that says what is given."""
        for at, reward in rewards(terms):
            for one in self.not_allowed:
                if one.kind == reward.kind and one.kind in self.gives:
                    text = _(
                        "%(shop)s does not allow this yet: open %(address)s and allow it. Until then none is given.",
                        shop=one.shop,
                        address=one.address,
                    )
                    yield Wrong(f"{at}.kind", text, warning=True)


def able(platforms: Iterable[Platform | None], shops: Iterable[Shop] = ()) -> Able:
    """Return what shops on these platforms can all give; a platform that is not on offer here says nothing.

    Of these shops it is said beside the field what their merchant has not allowed yet.
    """
    every = tuple(platforms)
    waiting = tuple(
        NotAllowed(kind, shop.name, f"/{shop.platform}/allow?{urlencode({'shop': shop.address})}")
        for shop in shops
        for kind in shop.not_allowed
    )
    gives: frozenset[Gift] = frozenset(get_args(Gift))
    for platform in every:
        gives &= platform.gives if platform is not None else gives
    return Able(gives, len(every), waiting)


def fill(at: str, reward: Reward) -> dict[str, str]:
    """Return the fields of the reward at `at`."""
    return {
        f"{at}.minimum_quantity": str(reward.minimum_quantity or ""),
        f"{at}.scope_of": _of(reward.scope),
        f"{at}.scope": _ids(reward.scope),
        f"{at}.buys_of": _of(reward.buys),
        f"{at}.buys": _ids(reward.buys),
        f"{at}.gets": str(reward.gets or ""),
        f"{at}.combines": reward.combines,
    }


def blank() -> dict[str, str]:
    """Return the fields of a new row."""
    return fill("reward", Reward("amount"))


def scope(of: str, text: str) -> Scope:
    """Read ids parted by commas or spaces, of products or of collections; raise Refused."""
    if forms.choice(of or "everything", SCOPES) == "everything":
        return EVERYTHING
    found = []
    for part in re.split(r"[\s,;]+", text.strip()):
        match = _ID.fullmatch(part)
        if part and match is None:
            raise Refused(_("Write numbers, or the addresses of pages in the shop's admin."))
        if match is not None:
            found.append(match[1])
    if not found:
        raise Refused(_("Name at least one, or choose everything."))
    ids = tuple(dict.fromkeys(found))
    return Scope(products=ids) if of == "products" else Scope(collections=ids)


def kinds(able: Able, form: Form) -> tuple[tuple[CouponKind, str], ...]:
    """Return what a reward can be, in words: what the shops give, and what stands in the form already."""
    typed = {text for name, text in form.values.items() if name.endswith(".reward.kind")}
    words = {
        "amount": _("An amount off"),
        "percentage": _("A percentage off"),
        "free_shipping": _("Free shipping"),
        "buy_x_get_y": _("Products free or cheaper"),
        "gift_card": _("A gift card"),
        "store_credit": _("Store credit"),
    }
    return tuple((kind, words[kind]) for kind in KINDS if kind in able.gives or kind in typed)


def scopes() -> tuple[tuple[str, str], ...]:
    """Return what a reward can be about, in words."""
    return (
        ("everything", _("Everything")),
        ("products", _("Products")),
        ("collections", _("Collections")),
    )


def beside() -> tuple[tuple[Combines, str], ...]:
    """Return with what a reward can go together, in words."""
    return (
        ("nothing", _("Nothing else")),
        ("shipping", _("Free shipping")),
        ("everything", _("Any other discount")),
    )


def shown(able: Able) -> Callable[[Form, str], bool]:
    """Return whether a row shows its conditions: where the shops can do any, or where one is set."""

    def show(form: Form, at: str) -> bool:
        can = able.gives & {"scope", "minimum_quantity", "combining", "buy_x_get_y"}
        return bool(can) or is_set(form, at)

    return show


def is_set(form: Form, at: str) -> bool:
    """Is any condition of the row set, or wrong?"""
    fields = ("minimum_quantity", "scope", "scope_of", "buys", "buys_of", "gets", "combines", "kind")
    unset = ("", "0", "everything", "nothing", *(kind for kind in KINDS if kind != "buy_x_get_y"))
    return any(form.value(f"{at}.{name}") not in unset or form.error(f"{at}.{name}") for name in fields)


def _of(scope: Scope) -> str:
    if scope.products:
        return "products"
    return "collections" if scope.collections else "everything"


def _ids(scope: Scope) -> str:
    return ", ".join((*scope.products, *scope.collections))
