"""The open line to one Magento shop: the plug's calls, each handed to the part that knows how."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cached_property

from msgspec.structs import replace

from connector import port
from connector.records import Card, Coupon, CouponKind, Customer, Order

from . import (
    adobe_choices,
    adobe_keys,
    email_choice,
    events,
    install,
    keys,
    messages,
    network,
    rights,
    scheme,
    subscriptions,
    texts_identity,
)
from .cards import Cards
from .choices import Choices
from .client import DEAD, Client
from .coupons import Coupons
from .groups import Groups
from .pull import Reader
from .signing import Spelling
from .standing import Standing
from .stores import Stores
from .tags import Attributes, Tags
from .write import Marker

_TRIES = 3  # a shop that is connected again at the same moment was read before, and is read anew


class Line:
    """One shop's ShopAdapter. The tokens are read at the first call, and no call is made before it."""

    def __init__(self, env: Mapping[str, str], shop: port.ShopLine, vault: port.TokenVault) -> None:
        self._env = env
        self._shop = shop
        self._vault = vault
        self._clients: list[Client] = []

    def facts(self) -> port.ShopFacts:
        """What the shop says, with what its merchant chose; a place for cards is there once a module made it."""
        return replace(
            self._stores.facts(),
            mark_kind=self._keys.chosen.marks,
            shows_cards=self._attributes.shows_cards,
        )

    def counts(self, before: datetime | None = None) -> port.Counts:
        return self._reader.counts(before)

    def history(self, checkpoint: str | None) -> Iterator[port.Batch]:
        return self._reader.history(checkpoint)

    def changed(self, window: port.Window) -> Iterator[port.Batch]:
        return self._reader.changed(window)

    def numbers(self) -> Iterator[port.Numbers]:
        return self._reader.numbers()

    def orders(self, ids: tuple[str, ...]) -> dict[str, Order]:
        return self._reader.orders(ids)

    def customers(self, ids: tuple[str, ...]) -> dict[str, Customer]:
        return self._reader.customers(ids)

    def choices(self, language: str, ours: tuple[str, ...] = ()) -> tuple[port.Choice, ...]:
        here = Choices(self._groups, self._attributes, self._keys.chosen).all(language, ours)
        own = email_choice.offered(self._keys.confirms_email, language)
        told = events.offered(self._module, self._keys.events, language)
        return (*here, *own, *told, *adobe_choices.offered(self._keys.adobe, language))

    def choose(self, key: str, values: tuple[str, ...]) -> None:
        if key in adobe_choices.KEYS:
            self._keep(lambda kept: replace(kept, adobe=adobe_choices.with_values(kept.adobe, key, values)))
            return
        if key == email_choice.KEY:
            self._keep(email_choice.chosen(values, self._until(email_choice.CHOOSING, self._keys)))
            return
        if key == events.KEY:
            self._keep(lambda kept: events.chosen(kept, values))
            return
        offered = Choices(self._groups, self._attributes, self._keys.chosen)
        chosen = offered.with_values(key, values)
        self._keep(lambda kept: replace(kept, chosen=chosen))

    def mark(
        self,
        customer_id: str,
        wanted: tuple[str, ...],
        known: tuple[str, ...],
        tier: str = "",
        before: str = "",
    ) -> port.MarkResult:
        # Asked for anew: what the merchant chooses while a long line of pushes goes out holds for the rest of them.
        chosen = keys.unpacked(self._vault.read()).chosen
        tags = Tags(self._attributes, chosen)
        marker = Marker(self._client, self._groups, tags, chosen, self._standing.widen)
        return marker.mark(customer_id, wanted, known, tier, before)

    def show(self, cards: tuple[Card, ...]) -> tuple[port.Shown | port.LeftAlone, ...]:
        return Cards(self._client, self._attributes).show(cards)

    def make_coupon(self, coupon: Coupon) -> port.CouponMade | port.CodeTaken:
        return self._coupons.make(coupon)

    def make_codes(self, coupon: Coupon, codes: tuple[str, ...]) -> tuple[port.CodeResult, ...]:
        return self._coupons.make_many(coupon, codes)

    def find_gift(self, coupon: Coupon) -> port.CouponMade | None:
        """None: Magento Open Source has no gift cards and no store credit."""
        return None

    def gifts(self, kind: CouponKind, since: datetime, customer_ids: tuple[str, ...]) -> dict[str, Coupon]:
        return {}

    def revoke_coupon(self, code: str, remote_id: str | None) -> None:
        # Found by its code: a number could by now be somebody else's coupon, restored from a backup.
        self._coupons.revoke(code)

    def delete_coupons(self, codes: tuple[str, ...]) -> None:
        self._coupons.clear(codes)

    def coupons(self) -> Iterator[Coupon]:
        return self._coupons.all()

    def subscribe(self, address: str) -> tuple[str, ...]:
        """Subscribe to the asynchronous events of the shop, and set up our own module, where it has them."""
        # Every night: the moment to hear whether the shop still has addresses confirmed.
        if self._keys.confirms_email:
            email_choice.look(self._until(email_choice.BY_NIGHT, self._keys), self._keep)
        door = f"{address}/{self._shop.key}"
        if not subscriptions.fits(door, self._shop.address):
            return ()
        told = (events.MODULE,) if messages.tell(self._client, door, self._keep) else ()
        return (*told, *subscriptions.subscribe(self._client, door, self._keep))

    def shows_since(self, now: datetime) -> datetime | None:
        """Magento shows everything there is."""
        return None

    def withheld(self) -> tuple[port.PersonWord, ...]:
        """Magento keeps nothing back from an integration that may see customers."""
        return ()

    def not_allowed(self) -> tuple[CouponKind, ...]:
        """Nothing is asked for apart: what codes need stands among the other rights."""
        return ()

    def examine(self, address: str) -> port.Condition:
        """Try each right by a call that needs it and changes nothing. Dead keys look like no right at all."""
        # Whoever answers at the address would have the token, bare; only where that is how the shop is called already.
        bare = self._keys.spelling == "bearer"
        spelling = scheme.found(self._shop.address, self._keys, self._allowed, bearer=bare)
        kept, line = replace(self._keys, spelling=spelling), self._client
        if spelling != self._keys.spelling:
            line = Client(self._shop.address, kept, self._allowed)
        missing = [right for right in rights.NEEDED if not install.granted(line, right)]
        if rights.lacks_all(missing):
            raise port.Unauthorized(DEAD)
        told = events.stands(line, f"{address}/{self._shop.key}", self._shop.address, self._keys.events)
        return port.Condition(
            missing_topics=told.missing,
            stray_topics=told.strays,
            notes=told.notes,
            missing_rights=tuple(right.named for right in missing),
            cannot_read=any(right.reads for right in missing),
            ahead=line.ahead,
            faults=(
                *map(texts_identity.fault, scheme.FAULTS[spelling]),
                *Tags(Attributes(line), self._keys.chosen).faults,
                *email_choice.faults(kept, self._until(email_choice.GLANCE, kept)),
            ),
        )

    def new_secret(self, now: datetime) -> str:
        secret = keys.fresh_secret()
        token = keys.fresh_secret()
        self._keep(lambda kept: keys.with_token(keys.with_secret(kept, secret, now), token, now))
        return secret

    def learn(self, name: str, now: datetime) -> None:
        if adobe_keys.is_known(keys.unpacked(self._vault.read()), name, now):
            return
        pem = adobe_keys.fetched(name, network.allowed_hosts(self._env.get(network.ALLOWED, "")))
        self._keep(lambda kept: adobe_keys.learned(kept, name, pem, now))

    def end_codes(self) -> None:
        self._standing.end()

    def keep_alive(self) -> datetime | None:
        """An integration's keys never end by themselves."""
        return None

    def farewell(self) -> None:
        """Switch off what was subscribed, empty what was entered; to delete it, and the integration, is the merchant's."""
        door = f"/{self._shop.key}"
        with contextlib.suppress(port.Unauthorized):
            messages.end(self._client, door, self._keys.events)
            subscriptions.end(self._client, door, self._keys.events)

    @cached_property
    def _keys(self) -> keys.Keys:
        return keys.unpacked(self._vault.read())

    @cached_property
    def _client(self) -> Client:
        return self._another()

    def _another(self) -> Client:
        client = Client(
            self._shop.address, self._keys, self._allowed, limited=self._remember, mend=self._mended
        )
        self._clients.append(client)
        return client

    def _until(self, seconds: float, kept: keys.Keys) -> Client:
        """A line that is cut off in so many seconds, whatever it is asked."""
        return Client(self._shop.address, kept, self._allowed, ends=time.monotonic() + seconds)

    def _keep(self, changed: Callable[[keys.Keys], keys.Keys]) -> keys.Keys:
        """Keep something of the shop and return all that is; whatever else is kept there stays. Raises TryLater."""
        for _ in range(_TRIES):
            with self._vault.locked() as vault:
                old = keys.unpacked(vault.read())
                new = changed(old)
                kept = new == old or vault.save(keys.packed(new))
            if kept:
                return new
        raise port.TryLater("The shop was being connected again. Try it once more.")

    def _remember(self, rows: int) -> None:
        """Keep the shop's limit for the other client and the jobs to come, or each would run into it once."""
        for client in self._clients:
            client.allows(rows)
        self._keep(lambda kept: replace(kept, rows=rows))

    def _mended(self) -> Spelling | None:
        """Find out how the shop is signed to now, and keep it: a proxy before it was changed or put right."""
        try:
            spelling = scheme.found(self._shop.address, self._keys, self._allowed, bearer=False)
        except port.ShopError:
            return None
        with self._vault.locked() as vault:
            kept = keys.unpacked(vault.read())
            if kept.four != self._keys.four:
                return None  # connected again meanwhile; the next line reads it
            vault.save(keys.packed(replace(kept, spelling=spelling)))
        return spelling

    @property
    def _allowed(self) -> frozenset[str]:
        return network.allowed_hosts(self._env.get(network.ALLOWED, ""))

    @cached_property
    def _beside(self) -> Client:
        """A second line, for a call at the same time as another one."""
        return self._another()

    @cached_property
    def _groups(self) -> Groups:
        return Groups(self._client, self._keys.default_group)

    @cached_property
    def _attributes(self) -> Attributes:
        return Attributes(self._client)

    @cached_property
    def _module(self) -> subscriptions.Found:
        return subscriptions.look(self._client)

    @cached_property
    def _tags(self) -> Tags:
        return Tags(self._attributes, self._keys.chosen)

    @cached_property
    def _stores(self) -> Stores:
        return Stores(self._client)

    @cached_property
    def _coupons(self) -> Coupons:
        return Coupons(self._client, self._standing, self._stores, lambda: self._beside)

    @cached_property
    def _standing(self) -> Standing:
        return Standing(self._client, self._groups, self._stores)

    @cached_property
    def _reader(self) -> Reader:
        return Reader(
            self._client,
            self._beside,
            self._groups,
            self._stores,
            self._tags,
            self._keys.proves_email,
        )
