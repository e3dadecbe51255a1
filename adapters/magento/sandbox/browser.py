"""The merchant's browser: it opens the app's page, fills in the form with the integration's keys, and sends it."""

from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

import msgspec
import requests

from adapters.magento.sandbox.oauth import Keys

_EXCERPT = 2000
_MOST_REDIRECTS = 10


class RoadBroken(Exception):
    """The install did not end where it should; `step` says where it broke."""

    def __init__(self, step: str, why: str) -> None:
        super().__init__(f"{step}: {why}")
        self.step = step
        self.why = why


class Field(msgspec.Struct, frozen=True):
    name: str
    kind: str
    value: str
    ticked: bool


class Form(msgspec.Struct, frozen=True):
    action: str
    method: str
    fields: tuple[Field, ...]


class Arrived(msgspec.Struct, frozen=True):
    """Where the browser ended."""

    url: str
    status: int
    cookies: dict[str, str]
    html_excerpt: str


class Visit(msgspec.Struct, frozen=True):
    """What the merchant knows and types. `hook_secret` is typed where the page asks for one."""

    public_url: str
    shop_url: str
    keys: Keys
    merchant_code: str = ""
    hook_secret: str = ""
    confirms_email: bool = True


class Opening(msgspec.Struct, frozen=True):
    """What Magento does when an integration with both addresses is activated, and what the merchant types then."""

    callback: str
    identity: str
    success: str
    offer: dict[str, str]
    merchant_code: str = ""
    confirms_email: bool = True


def post(opening: Opening) -> int:
    """Post the keys to the callback as the shop does: five seconds, no redirect followed, the status for nobody."""
    try:
        with requests.Session() as line:
            line.trust_env = False
            answer = line.post(opening.callback, data=opening.offer, timeout=5, allow_redirects=False)
    except requests.RequestException as error:
        raise RoadBroken("callback", f"{opening.callback} does not answer: {type(error).__name__}") from error
    return answer.status_code


def open_identity(opening: Opening) -> Arrived:
    """Open the identity link in the merchant's browser and press the button there; raise RoadBroken."""
    browser = _new()
    key = opening.offer["oauth_consumer_key"]
    asked = urlencode({"oauth_consumer_key": key, "success_call_back": opening.success})
    page = _walk(browser, "identity", "GET", f"{opening.identity}?{asked}", {})
    form = _form(page)
    typed = {}
    for field in form.fields:
        if field.kind in ("checkbox", "radio"):
            if field.ticked or (opening.confirms_email and "confirm" in field.name):
                typed[field.name] = field.value or "on"
        else:
            typed[field.name] = opening.merchant_code if field.name == "merchant_code" else field.value
    end = _walk(browser, "finish", form.method, urljoin(page.url, form.action), typed, referer=page.url)
    return Arrived(end.url, end.status_code, browser.cookies.get_dict(), end.text[:_EXCERPT])


def connect(visit: Visit) -> Arrived:
    """Connect the shop to the app as the merchant would; raise RoadBroken."""
    browser = _new()
    page = _walk(browser, "open", "GET", visit.public_url.rstrip("/") + "/magento/", {})
    form = _form(page)
    typed = _filled(form, visit)
    target = urljoin(page.url, form.action)
    end = _walk(browser, "submit", form.method, target, typed, referer=page.url)
    return Arrived(end.url, end.status_code, browser.cookies.get_dict(), end.text[:_EXCERPT])


def _new() -> requests.Session:
    browser = requests.Session()
    browser.trust_env = False
    browser.headers["Accept-Language"] = "en"
    return browser


def _walk(
    browser: requests.Session, step: str, method: str, url: str, typed: dict[str, str], referer: str = ""
) -> requests.Response:
    headers = {"Referer": referer} if referer else {}
    if method != "GET":
        headers["Origin"] = "{0.scheme}://{0.netloc}".format(
            urlsplit(url)
        )  # as every browser says with a form
    for _ in range(_MOST_REDIRECTS):
        try:
            answer = browser.request(
                method, url, data=typed or None, headers=headers, timeout=60, allow_redirects=False
            )
        except requests.RequestException as error:
            raise RoadBroken(step, f"{url} does not answer: {type(error).__name__}") from error
        if not answer.is_redirect:
            if answer.status_code >= 400:
                raise RoadBroken(step, f"{url} answered {answer.status_code}: {_words(answer.text)}")
            return answer
        url = urljoin(url, answer.headers["Location"])
        if answer.status_code not in (307, 308):
            method, typed = "GET", {}
        step = "follow"
    raise RoadBroken("follow", f"more than {_MOST_REDIRECTS} redirects, the last to {url}")


def _form(page: requests.Response) -> Form:
    reader = _Forms()
    reader.feed(page.text)
    for form in reader.forms:
        if any(field.name == "consumer_key" for field in form.fields):
            return form
    raise RoadBroken("form", f"{page.url} has no form that asks for a consumer_key")


def _filled(form: Form, visit: Visit) -> dict[str, str]:
    keys = visit.keys
    known = {
        "address": visit.shop_url,
        "base_url": visit.shop_url,
        "consumer_key": keys.consumer_key,
        "consumer_secret": keys.consumer_secret,
        "token": keys.access_token,
        "access_token": keys.access_token,
        "token_secret": keys.access_token_secret,
        "access_token_secret": keys.access_token_secret,
        "merchant_code": visit.merchant_code,
        "hook_secret": visit.hook_secret,
    }
    typed = {}
    for field in form.fields:
        if field.kind in ("checkbox", "radio"):
            if field.ticked or (visit.confirms_email and "confirm" in field.name):
                typed[field.name] = field.value or "on"
        else:
            typed[field.name] = known.get(field.name, field.value)
    return typed


class _Forms(HTMLParser):
    """Collects the forms of a page with their fields."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = True
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").upper(), ()))
        elif tag in ("input", "button") and self.inside and given.get("name"):
            kind = given.get("type", "text")
            field = Field(given["name"], kind, given.get("value", ""), "checked" in given)
            last = self.forms[-1]
            self.forms[-1] = msgspec.structs.replace(last, fields=(*last.fields, field))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words += data.split()


def _words(html: str) -> str:
    reader = _Text()
    reader.feed(html)
    return " ".join(reader.words)[:500]
