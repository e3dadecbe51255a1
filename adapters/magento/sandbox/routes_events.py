"""The routes of the module of asynchronous events, where it is installed: none of them takes a subscription away."""

from collections.abc import Callable

from adapters.magento.sandbox import criteria, events
from adapters.magento.sandbox.ask import Answer, Ask, route
from adapters.magento.sandbox.catalogues import search
from adapters.magento.sandbox.shop import Shop


def _both(method: str, path: str) -> Callable[[Answer], Answer]:
    """Register the route for either maker, each with a right of its own."""

    def register(answer: Answer) -> Answer:
        route(method, path, "MageOS_AsyncEvents::manage", "mageos")(answer)
        return route(method, path, "Aligent_AsyncEvents::manage", "aligent")(answer)

    return register


@_both("GET", "async_events")
def every(shop: Shop, ask: Ask) -> object:
    return search(shop, "events", criteria.read(ask.query))


@_both("GET", "async_event/:id")
def one(shop: Shop, ask: Ask) -> object:
    return events.get(shop, ask.id).body()


@_both("POST", "async_event")
def make(shop: Shop, ask: Ask) -> object:
    return events.save(shop, ask.part("asyncEvent")).body()


@_both("PUT", "async_event/:id")
def change(shop: Shop, ask: Ask) -> object:
    # Magento writes the number of the path into a body of one thing.
    return events.save(shop, ask.part("asyncEvent") | {"subscription_id": ask.id}).body()
