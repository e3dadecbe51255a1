"""The install page: the merchant pastes the shop's address and the four keys of an integration."""

from collections.abc import Mapping

import flask

from connector.port import Hall

from . import callbacks, identity, network, rights, texts, texts_identity, visits
from .install import KEYS, LONGEST, Mistake, NotConnected, Typed, connect


def blueprint(env: Mapping[str, str], hall: Hall) -> flask.Blueprint:
    """Return the install page, to be mounted under /magento."""
    pages = flask.Blueprint(
        "magento", __name__, template_folder="templates", static_folder="static", static_url_path="/static"
    )
    allowed = network.allowed_hosts(env.get(network.ALLOWED, ""))

    @pages.get("/")
    def form() -> flask.Response:
        # A link of the house brings what it knows already: a shop to connect again, a code to join with.
        shop, code = (flask.request.args.get(name, "")[:LONGEST] for name in ("shop", "merchant_code"))
        return _page(hall, Typed(address=shop, merchant_code=code), None)

    @pages.post("/")
    def install() -> flask.Response:
        typed = _typed(flask.request.form)
        texts.keep_speaking()
        try:
            with visits.place(hall):
                connected = connect(typed, hall, allowed, callbacks.clocked())
        except NotConnected as error:
            return _page(hall, typed, error)
        if connected.faults:
            return identity.connected(connected, hall)
        # 303: the browser must not post the keys to wherever it goes next.
        return identity.private(flask.make_response(flask.redirect(connected.url, 303)))

    identity.add(pages, env, hall)
    return pages


def _typed(form: Mapping[str, str]) -> Typed:
    names = [name for name in Typed.__struct_fields__ if name != "confirms_email"]
    return Typed(
        **{name: form.get(name, "") for name in names}, confirms_email=form.get("confirms_email") is not None
    )


def _page(hall: Hall, typed: Typed, error: NotConnected | None) -> flask.Response:
    language = texts.spoken()
    said = texts.MISTAKES[language]
    html = flask.render_template(
        "magento/install.html",
        language=language,
        t=texts.LABELS[language],
        typed=typed,
        key_fields=KEYS,
        errors={name: said[wrong].format(to=error.to) for name, wrong in error.mistakes.items()}
        if error
        else {},
        missing=error.missing if error else (),
        needed=rights.NEEDED,
        places=texts_identity.addresses(hall.public_url),
        bearer_setting=texts_identity.BEARER_SETTING,
        refused=error is not None and Mistake.KEYS_REFUSED in error.mistakes.values(),
    )
    # The keys are never written back into the page, and the page is never kept.
    return identity.private(flask.make_response(html, 422 if error else 200))
