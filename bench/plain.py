"""The plain side of two figures: the least that could be called accepting a webhook, and the least that drains an inbox.

Left out of accepting: whose shop it is, encryption at rest, waking a worker, being heard from, a pool that survives the
database's restart, request ids, security headers, logs and counters.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import threading

import psycopg
from flask import Flask, Response, request

TABLE = """
CREATE TABLE plain_inbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  shop text NOT NULL,
  delivery text NOT NULL,
  topic text NOT NULL,
  body bytea NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (shop, delivery)
)
"""
_KEEP = "INSERT INTO plain_inbox (shop, delivery, topic, body) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"


def create_app() -> Flask:
    """Return an application that proves a message, inserts it, commits and answers."""
    app = Flask(__name__)
    secret, url = os.environ["SHOPIFY_CLIENT_SECRET"].encode(), os.environ["PLAIN_URL"]
    mine = threading.local()

    @app.post("/webhooks/shopify")
    def receive() -> Response:
        body = request.get_data(cache=False)
        given = base64.b64decode(request.headers["X-Shopify-Hmac-Sha256"])
        if not hmac.compare_digest(hmac.digest(secret, body, hashlib.sha256), given):
            return Response(status=401)
        if not hasattr(mine, "connection"):
            mine.connection = psycopg.connect(url)
        shop, delivery = request.headers["X-Shopify-Shop-Domain"], request.headers["X-Shopify-Webhook-Id"]
        mine.connection.execute(_KEEP, (shop, delivery, request.headers["X-Shopify-Topic"], body))
        mine.connection.commit()
        return Response(status=200)

    return app
