"""How the API says no: as an error beside the data, or as a user error inside it."""

import msgspec


class GraphRefusal(Exception):
    """A field that is answered with an error; `code` goes into the error's extensions."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.extensions = {"code": code}


class Complaint(msgspec.Struct, frozen=True):
    """A user error: what was wrong with the input, and where. `code` only where the payload's type has one."""

    message: str
    field: list[str] | None = None
    code: str | None = None
    extra_info: str | None = None
    element_index: int | None = None


class Said(msgspec.Struct, frozen=True):
    """The answer to a mutation: the thing, or complaints."""

    thing: object = None
    user_errors: list[Complaint] = []
