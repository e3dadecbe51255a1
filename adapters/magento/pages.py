"""The install page: the merchant pastes the shop's address and the four keys of an integration."""

from collections.abc import Mapping

import flask

from connector.port import Hall

from . import network, rights, texts
from .install import KEYS, LONGEST, NotConnected, Typed, connect


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
        return _page(Typed(address=shop, merchant_code=code), None)

    @pages.post("/")
    def install() -> flask.Response:
        typed = _typed(flask.request.form)
        try:
            welcomed = connect(typed, hall, allowed)
        except NotConnected as error:
            return _page(typed, error)
        # 303: the browser must not post the keys to wherever it goes next.
        return _private(flask.make_response(flask.redirect(welcomed.url, 303)))

    return pages


def _typed(form: Mapping[str, str]) -> Typed:
    names = [name for name in Typed.__struct_fields__ if name != "confirms_email"]
    return Typed(
        **{name: form.get(name, "") for name in names}, confirms_email=form.get("confirms_email") is not None
    )


def _page(typed: Typed, error: NotConnected | None) -> flask.Response:
    language = _language()
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
    )
    return _private(flask.make_response(html, 422 if error else 200))


def _language() -> str:
    # Whoever comes from the house's own pages reads on in the language chosen there.
    if (chosen := flask.session.get("language")) in texts.LANGUAGES:
        return str(chosen)
    return str(flask.request.accept_languages.best_match(texts.LANGUAGES, "en"))


def _private(response: flask.Response) -> flask.Response:
    # The keys are never written back into the page, and the page is never kept.
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept-Language"
    return response
