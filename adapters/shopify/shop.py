"""An open line to one Shopify shop: the ShopAdapter of the plug, put together from its parts."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from adapters.shopify import (
    app_file,
    bulk,
    coupons,
    documents,
    gift_cards,
    many_codes,
    marks,
    picture,
    pull,
    store_credit,
    subscriptions,
    tokens,
)
from adapters.shopify.cards import Cards
from adapters.shopify.client import Client
from adapters.shopify.graph import Node
from adapters.shopify.points import Points
from adapters.shopify.settings import FOR_GIFTS, App
from adapters.shopify.tokens import Keys
from adapters.shopify.wire import Clock, WallClock, Wire
from connector.port import (
    Batch,
    Choice,
    CodeResult,
    CodeTaken,
    Condition,
    Counts,
    CouponMade,
    LeftAlone,
    Marked,
    Numbers,
    Pace,
    PersonWord,
    Refused,
    ShopFacts,
    Shown,
    TokenVault,
    Window,
)
from connector.records import Card, Coupon, CouponKind, Customer, Order

# Pages end at 25,000 objects, and an order with its lines costs some six points of the hundred a second that a shop
# has; a bulk operation costs ten in all, but takes the shop a while.
MANY_CUSTOMERS, MANY_ORDERS = 2_000, 500
SHOWN = timedelta(days=50)
_Reader = Callable[[Client, Window], Iterator[Batch]]


class ScopeNode(Node, frozen=True):
    handle: str


class InstallationNode(Node, frozen=True):
    access_scopes: tuple[ScopeNode, ...]


class RightsData(Node, frozen=True):
    current_app_installation: InstallationNode


class ShopifyShop:
    """One shop, one connection pool; its points are those of all its lines. Never shared, nothing global."""

    def __init__(
        self,
        app: App,
        shop: str,
        vault: TokenVault,
        clock: Clock | None = None,
        wire: Wire | None = None,
        points: Points | None = None,
        pace: Pace = "live",
        declared: str = "",
    ) -> None:
        clock = clock or WallClock()
        wire = wire or Wire(shop, sandbox=app.base_url is not None)
        self._app, self._declared = app, declared
        keys = Keys(app, shop, vault, wire, clock)
        self._client = Client(app, shop, keys, wire, clock, points or Points(), pace)
        self._facts: ShopFacts | None = None
        self._cards = Cards(self._client)

    def facts(self) -> ShopFacts:
        return pull.facts(self._client)

    def counts(self, before: datetime | None = None) -> Counts:
        early = None if before is None else f"created_at:<'{picture.text(before)}'"
        return pull.counts(self._client, early, early)

    def history(self, checkpoint: str | None) -> Iterator[Batch]:
        return bulk.history(self._client, checkpoint)

    def changed(self, window: Window) -> Iterator[Batch]:
        """Yield customers, then orders; by pages, or in bulk where there are very many."""
        expected = pull.counts(self._client, pull.order_search(window), pull.customer_search(window))
        few = expected.customers <= MANY_CUSTOMERS
        yield from self._changed(pull.customers_since, bulk.changed_customers, window, few=few)
        yield from self._changed(
            pull.orders_since, bulk.changed_orders, window, few=expected.orders <= MANY_ORDERS
        )

    def orders(self, ids: tuple[str, ...]) -> dict[str, Order]:
        return pull.orders(self._client, ids)

    def customers(self, ids: tuple[str, ...]) -> dict[str, Customer]:
        return pull.customers(self._client, ids)

    def numbers(self) -> Iterator[Numbers]:
        """By its history: Shopify tells of what is deleted, and is not asked every hour."""
        for batch in self.history(None):
            orders = tuple(order.id for order in batch.orders)
            yield Numbers(orders, tuple(customer.id for customer in batch.customers))

    def shows_since(self, now: datetime) -> datetime | None:
        """Without the right to all orders Shopify shows those of the last 60 days, by the day they were made.

        Some are dated back when they are made; so fewer days are counted on.
        """
        return None if "read_all_orders" in self._rights() else now - SHOWN

    def withheld(self) -> tuple[PersonWord, ...]:
        return pull.withheld(self._client)

    def not_allowed(self) -> tuple[CouponKind, ...]:
        granted = ",".join(self._rights())
        return tuple(kind for kind, asked in FOR_GIFTS.items() if tokens.lacking(granted, asked))

    def mark(
        self,
        customer_id: str,
        wanted: tuple[str, ...],
        known: tuple[str, ...],
        tier: str = "",
        before: str = "",
    ) -> Marked | LeftAlone:
        return marks.mark(self._client, customer_id, wanted, known)

    def choices(self, language: str, ours: tuple[str, ...] = ()) -> tuple[Choice, ...]:
        """None: tags take nothing's place."""
        return ()

    def choose(self, key: str, values: tuple[str, ...]) -> None:
        raise Refused("There is nothing to choose for this shop.")

    def show(self, cards: tuple[Card, ...]) -> tuple[Shown | LeftAlone, ...]:
        return self._cards.show(cards)

    def make_coupon(self, coupon: Coupon) -> CouponMade | CodeTaken:
        match coupon.kind:
            case "gift_card":
                return gift_cards.make(self._client, coupon, self._known().timezone)
            case "store_credit":
                return store_credit.give(self._client, coupon)
            case _:
                return coupons.make(self._client, coupon)

    def make_codes(self, coupon: Coupon, codes: tuple[str, ...]) -> tuple[CodeResult, ...]:
        return many_codes.make(self._client, coupon, codes)

    def find_gift(self, coupon: Coupon) -> CouponMade | None:
        if coupon.kind == "gift_card":
            return gift_cards.find(self._client, coupon)
        return store_credit.find(self._client, coupon)

    def gifts(self, kind: CouponKind, since: datetime, customer_ids: tuple[str, ...]) -> dict[str, Coupon]:
        zone = self._known().timezone
        if kind == "gift_card":
            return gift_cards.given(self._client, since, customer_ids, zone)
        return store_credit.given(self._client, since, customer_ids, zone)

    def revoke_coupon(self, code: str, remote_id: str | None) -> None:
        """End the code. It is found by its text: a remote id alone would not say whether the code is still ours."""
        coupons.revoke(self._client, code)

    def delete_coupons(self, codes: tuple[str, ...]) -> None:
        for code in codes:
            coupons.delete(self._client, code)

    def coupons(self) -> Iterator[Coupon]:
        return coupons.live(self._client, self._known().currency)

    def subscribe(self, address: str) -> tuple[str, ...]:
        return subscriptions.subscribe(self._client, address, self._by_file(address))

    def examine(self, address: str) -> Condition:
        by_file = self._by_file(address)
        missing, strays = subscriptions.compared(self._client, address, by_file)
        return Condition(
            missing_rights=tokens.lacking(",".join(self._rights())),
            missing_topics=missing,
            stray_topics=strays,
            ahead=self._client.ahead,
            other_version=self._client.other_version,
            declared_faults=app_file.faults(self._client, self._app),
            file_silent=app_file.subscribes(self._app) and not by_file,
            access_until=self._client.keys.until(),
            withheld=self.withheld(),
        )

    def new_secret(self, now: datetime) -> str:
        raise Refused("Shopify signs with the app's own secret; there is none of the shop's.")

    def learn(self, name: str, now: datetime) -> None:
        """Nothing: what comes from a shop is signed with our own secret."""

    def end_codes(self) -> None:
        """Nothing: a discount ends at its own moment."""

    def keep_alive(self) -> datetime | None:
        """Renew the shop's access where nobody has for a week: its refresh token dies after 90 days."""
        return self._client.keys.keep_alive()

    def farewell(self) -> None:
        subscriptions.unsubscribe(self._client)

    def _known(self) -> ShopFacts:
        """Return what does not change while a line is open: currency and time zone."""
        self._facts = self._facts or self.facts()
        return self._facts

    def _by_file(self, address: str) -> bool:
        """Tell whether the app file that Shopify has is known to send us all our topics."""
        return app_file.subscribes(self._app) and self._declared == subscriptions.declared(address)

    def _changed(self, pages: _Reader, in_bulk: _Reader, window: Window, *, few: bool) -> Iterator[Batch]:
        try:
            if few:
                yield from pages(self._client, window)
                return
        except pull.TooMany:
            # The shop's count was wrong, or is no longer right: what pages do not show, bulk does.
            pass
        yield from in_bulk(self._client, window)

    def _rights(self) -> frozenset[str]:
        found = self._client.ask(documents.RIGHTS, {}, RightsData).data.current_app_installation
        return frozenset(scope.handle for scope in found.access_scopes)
