"""The messages of the shop's modules: what each kind of sender writes, and the post office that takes it to the app."""

from adapters.magento.sandbox.hints.post import Hints, Weather
from adapters.magento.sandbox.hints.senders import Kind, adobe

__all__ = ["Hints", "Kind", "Weather", "adobe"]
