"""A Magento shop's own page over HTTP, as its merchant has it: from a password to a secret that the door believes."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from adapters.magento import keys as magento
from connector import rounds
from connector.hall import sign_in_url
from connector.loyalty.terms import CurrencyTerms, Terms
from connector.store import shops

TERMS = Terms(currency="USD", currencies=(CurrencyTerms("USD"),), hold_days=0)
PASSWORD = "nine lanterns over a harbour"


class Merchant:
    """A browser at the pages."""

    def __init__(self, street: Any) -> None:
        self.street = street
        self._browser = requests.Session()
        self._browser.trust_env = False
        self._browser.headers.update({"Sec-Fetch-Site": "same-origin", "Accept-Language": "en"})
        self.place = f"/settings/shops/{street.shop_ids['magento']}"

    def enters(self) -> None:
        link = urlsplit(sign_in_url(self.street.house, self.street.merchant_id)).path
        assert self._browser.get(f"{self.street.url}{link}?lang=en", timeout=60).status_code == 200

    def sees(self, address: str) -> str:
        answer = self._browser.get(self.street.url + address, timeout=60)
        assert answer.status_code == 200, answer.text[:500]
        return html.unescape(answer.text)

    def sends(self, address: str, page: str, **fields: Any) -> requests.Response:
        token = re.search(
            r'name="csrf_token" value="([^"]+)"', self._browser.get(self.street.url + page).text
        )
        assert token
        form = {"csrf_token": token[1], **fields}
        return self._browser.post(self.street.url + address, data=form, timeout=60)


@pytest.fixture
def merchant(street: Any) -> Merchant:
    street.opens(TERMS, "magento")
    made = Merchant(street)
    made.enters()
    return made


def told(street: Any, secret: str) -> int:
    """Send a message that says the secret; return what the door answers."""
    with street.house.database.merchant(street.merchant_id) as tx:
        shop = shops.get(tx, street.shop_ids["magento"])
    said = {"X-Comeback-Secret": secret, "Content-Type": "application/json"}
    return requests.post(
        f"{street.url}/webhooks/magento/{shop.key}", b'{"order_id": 1}', headers=said, timeout=60
    ).status_code


def kept(street: Any) -> magento.Keys:
    with street.house.database.merchant(street.merchant_id) as tx:
        shop = shops.get(tx, street.shop_ids["magento"])
    return magento.unpacked(street.house.vault(shop).read())


def test_a_password_a_missing_right_a_choice_and_a_secret_that_the_door_believes(
    street: Any, merchant: Merchant
) -> None:
    chosen = merchant.sends(
        "/settings/signin", "/settings/signin", name="anna", password=PASSWORD, again=PASSWORD
    )
    assert "From now on you can sign in by this password." in chosen.text
    merchant = Merchant(street)
    assert merchant.sends("/signin", "/signin", name="Anna", password=PASSWORD).status_code == 200
    merchant.sees("/?lang=en")

    page = merchant.sees(f"{merchant.place}?asked=1")
    assert "Comeback has all the rights it needs." in page
    wholesale = re.search(r'name="value" value="(\d+)"> <span>Wholesale', page)
    assert wholesale
    merchant.sends(f"{merchant.place}/choose", merchant.place, key="replaceable", value=wholesale[1])
    assert kept(street).chosen.replaceable == (int(wholesale[1]),)
    assert f'value="{wholesale[1]}" checked' in merchant.sees(f"{merchant.place}/line")

    music, right = street.keepers["magento"], "Magento_Sales::sales_invoice"
    all_of_them = music.does("rights")["resources"]
    music.does("rights", resources=[one for one in all_of_them if one != right])
    assert f"Comeback lacks rights in the shop: {right} (" in merchant.sees(f"{merchant.place}/line")
    music.does("rights")

    before = kept(street).hook_secret
    page = merchant.sends(f"{merchant.place}/secret", merchant.place).text
    secret = re.search(r'aria-labelledby="secret-label">([\w-]+)</code>', page)
    assert secret
    assert secret[1] not in merchant.sees(merchant.place)
    assert [told(street, word) for word in (secret[1], before, "x" * 32)] == [200, 200, 401]
    street.web_is_ahead += timedelta(days=1, seconds=1)
    assert [told(street, word) for word in (secret[1], before)] == [200, 401]
    assert kept(street).chosen.replaceable == (int(wholesale[1]),), "nothing else was lost by it"
    rounds.apply(street.house, street.merchant_id, street.shop_ids["magento"])
