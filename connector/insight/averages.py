"""What an average customer does: buys how often, for how much."""

import msgspec

from connector.insight.shares import half_up


class Frequency(msgspec.Struct, frozen=True):
    """Purchase frequency (F4): orders / customers of a period."""

    orders: int
    customers: int

    @property
    def hundredths(self) -> int | None:
        """Orders per customer in hundredths; not defined without customers."""
        return half_up(100 * self.orders, self.customers) if self.customers else None


class OrderValue(msgspec.Struct, frozen=True):
    """Average order value (F5) in one currency: `total` in minor units / orders."""

    currency: str
    total: int
    orders: int

    @property
    def average(self) -> int | None:
        """Minor units per order, rounded half up; not defined without orders."""
        return half_up(self.total, self.orders) if self.orders else None
