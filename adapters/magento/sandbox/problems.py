"""What a Magento shop says when it does not do what it was asked: status, message, parameters.

The texts are those a running Magento Open Source 2.4.7 gives; placeholders stay in the message and their values
come beside it, as an object or a list.
"""

from collections.abc import Mapping, Sequence

Parameters = Mapping[str, object] | Sequence[object] | None


class Problem(Exception):
    """An answer that is an error; `message` and `parameters` go out as they are."""

    def __init__(self, status: int, message: str, parameters: Parameters = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.parameters = parameters

    def body(self) -> dict[str, object]:
        told: dict[str, object] = {"message": self.message}
        if self.parameters is not None:
            told["parameters"] = self.parameters
        return told


def not_allowed(resource: str) -> Problem:
    """A missing right, an absent token and a dead one look the same."""
    return Problem(401, "The consumer isn't authorized to access %resources.", {"resources": resource})


def no_route() -> Problem:
    return Problem(404, "Request does not match any route.")


def required(name: str) -> Problem:
    return Problem(400, '"%fieldName" is required. Enter and try again.', {"fieldName": name})


def unsupported(name: str) -> Problem:
    camel = "".join(word.capitalize() for word in name.split("_"))
    return Problem(
        400, '"%fieldName" is not supported. Correct the field name and try again.', {"fieldName": camel}
    )


def wrong_type(value: object, kind: str) -> Problem:
    return Problem(
        400,
        'The "%value" value\'s type is invalid. The "%type" type was expected. Verify and try again.',
        {"value": str(value), "type": kind},
    )


def no_such(field: str, value: object) -> Problem:
    return Problem(
        404, "No such entity with %fieldName = %fieldValue", {"fieldName": field, "fieldValue": value}
    )


def no_such_entity() -> Problem:
    return Problem(404, "No such entity.")


def no_order() -> Problem:
    return Problem(404, "The entity that was requested doesn't exist. Verify the entity and try again.")


def invalid_code() -> Problem:
    """The cart gives one answer for every reason, so nobody learns which codes exist."""
    return Problem(404, "The coupon code isn't valid. Verify the code and try again.")


def internal(seed: str) -> Problem:
    return Problem(
        500, f"Internal Error. Details are available in Magento log file. Report ID: webapi-{seed[:13]}"
    )
