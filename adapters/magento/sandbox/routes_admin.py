"""Signing in as an admin: a token that may do everything, for what no integration can be given."""

import hmac

from adapters.magento.sandbox.ask import Ask, route
from adapters.magento.sandbox.problems import Problem, required
from adapters.magento.sandbox.shop import Shop

USER, PASSWORD = "admin", "password-of-the-sandbox-1"


@route("POST", "integration/admin/token", "")
def token(shop: Shop, ask: Ask) -> object:
    for name in ("username", "password"):
        if not ask.body.get(name):
            raise required(name)
    given = f"{ask.body['username']}\n{ask.body['password']}".encode()
    if not hmac.compare_digest(given, f"{USER}\n{PASSWORD}".encode()):
        text = "The account sign-in was incorrect or your account is disabled temporarily. Please wait and try again later."
        raise Problem(401, text)
    return shop.desk.admin_token
