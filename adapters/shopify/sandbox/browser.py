"""The merchant's browser: walks the road of an install as a person would, cookies and forms included."""

from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

import msgspec
import requests

from adapters.shopify.sandbox import tokens
from adapters.shopify.sandbox.state import Shop

MOST_STEPS = 15
_EXCERPT = 2000


class RoadBroken(Exception):
    """The road ended before the merchant was in; `step` says where."""

    def __init__(self, step: str, why: str) -> None:
        super().__init__(f"{step}: {why}")
        self.step = step


class Form(msgspec.Struct):
    """A form on a page, with the values its fields have."""

    action: str
    method: str
    fields: dict[str, str]


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        have = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(have.get("action", ""), have.get("method", "get").lower(), {}))
        elif tag == "input" and self.found and have.get("name"):
            self.found[-1].fields[have["name"]] = have.get("value", "")


def install(shop: Shop, public_url: str, merchant_code: str | None, managed: bool) -> dict[str, object]:
    """Install the app at `public_url`; return where the browser ended. Raise RoadBroken with the step."""
    public_url = public_url.rstrip("/")
    with shop.lock:
        shop.public_url = public_url
        query = {"shop": shop.domain}
        if managed:
            query |= {"host": tokens.host_of(shop.domain), "timestamp": str(int(shop.clock().timestamp()))}
            query["id_token"] = tokens.id_token(
                (shop.client_id, shop.client_secret), shop.domain, shop.clock()
            )
            query = tokens.signed(shop.client_secret, query)
    if merchant_code:
        query["merchant_code"] = merchant_code
    session = requests.Session()
    session.trust_env = False
    page = f"{public_url}/shopify/" if managed else f"{public_url}/shopify/install"
    answer = _follow(session, "GET", f"{page}?{urlencode(query)}", {})
    for _ in range(3):
        form = _form_to_submit(shop, answer, public_url)
        if form is None:
            break
        answer = _follow(
            session, form.method.upper(), urljoin(answer.url, form.action or answer.url), form.fields
        )
    if answer.status_code >= 400:
        raise RoadBroken(
            urlsplit(answer.url).path, f"the page answers {answer.status_code}: {answer.text[:300]}"
        )
    return {
        "url": answer.url,
        "status": answer.status_code,
        "cookies": session.cookies.get_dict(),
        "html_excerpt": answer.text[:_EXCERPT],
    }


def _form_to_submit(shop: Shop, answer: requests.Response, public_url: str) -> Form | None:
    """Return the form a merchant would send: the shop's grant, or the app's question for the shop's address."""
    reader = _Forms()
    reader.feed(answer.text)
    path = urlsplit(answer.url).path
    for form in reader.found:
        if path == "/admin/oauth/authorize":
            return form
        if path.startswith("/shopify/") and "shop" in form.fields:
            form.fields["shop"] = shop.domain
            return form
    return None


def _follow(session: requests.Session, method: str, url: str, fields: dict[str, str]) -> requests.Response:
    """Send one request and follow every redirect by hand, so that a broken one can be named."""
    for _ in range(MOST_STEPS):
        step = urlsplit(url).path
        try:
            body = {"params": fields} if method == "GET" and fields else {"data": fields or None}
            # With a form every browser says of which site the page is.
            said = {} if method == "GET" else {"Origin": "{0.scheme}://{0.netloc}".format(urlsplit(url))}
            answer = session.request(method, url, headers=said, timeout=30, allow_redirects=False, **body)
        except requests.RequestException as error:
            raise RoadBroken(step, f"no answer ({type(error).__name__})") from error
        if answer.status_code not in (301, 302, 303, 307, 308):
            return answer
        target = answer.headers.get("Location")
        if not target:
            raise RoadBroken(step, "a redirect without a target")
        url, method, fields = urljoin(url, target), "GET", {}
    raise RoadBroken(urlsplit(url).path, "the redirects never end")
