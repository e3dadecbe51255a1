"""How a mutation says no to what was put in."""

from adapters.shopify.graph import Node


class Complaint(Node, frozen=True):
    """One userError; its message may quote what was sent, so only code and field are shown."""

    code: str | None = None
    field: tuple[str, ...] | None = None

    @property
    def place(self) -> str:
        return f"{self.code or 'INVALID'} at {'.'.join(self.field or ('input',))}"
