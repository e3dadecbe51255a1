"""The merchant's pages: routes, forms, templates and translations. `create_blueprint` makes them all."""

from connector.settings.pages import create_blueprint

__all__ = ["create_blueprint"]
