"""Where Magento posts the keys of an integration when the merchant clicks Activate or Reauthorize."""

from collections.abc import Callable
from datetime import UTC, datetime

import flask

from connector.port import Hall

from . import handshake


def clocked() -> datetime:
    """The time, which Magento's own clock has no part in."""
    return datetime.now(UTC)


def blueprint(hall: Hall, clock: Callable[[], datetime] = clocked) -> flask.Blueprint:
    """Return the callback, to be mounted under /callbacks/magento."""
    callbacks = flask.Blueprint("magento_callbacks", __name__)

    @callbacks.post("", strict_slashes=False)
    def posted() -> flask.Response:
        # The same answer whatever came: Magento minds none, and anybody else learns nothing by it.
        handshake.posted(flask.request.form.to_dict(flat=False), hall, clock())
        return flask.Response(status=200)

    return callbacks
