"""All rooms of the merchant's pages, put together."""

from flask import Blueprint

from connector.settings import (
    activity,
    coupons,
    frame,
    in_person,
    leaving,
    member,
    members,
    overview,
    programme,
    shop,
    shops,
    signin,
)
from connector.settings.door import House


def create_blueprint(house: House) -> Blueprint:
    """Return the pages, to be mounted at the root: `/` and everything under `/settings`."""
    pages = Blueprint("settings", __name__, template_folder="templates")
    frame.furnish(pages, house)
    for room in (
        overview,
        shops,
        shop,
        leaving,
        programme,
        members,
        member,
        coupons,
        activity,
        in_person,
        signin,
    ):
        room.furnish(pages, house)
    return pages
