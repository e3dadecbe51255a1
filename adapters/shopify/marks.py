"""Writing on a shop's customers: tags. Naturally safe to repeat; nothing is touched that does not carry our mark."""

from adapters.shopify import documents
from adapters.shopify.answers import UNREADABLE
from adapters.shopify.client import Client
from adapters.shopify.complaint import Complaint
from adapters.shopify.graph import Node
from connector.port import LeftAlone, Marked, OutcomeUnknown, Refused


class Tagged(Node, frozen=True):
    user_errors: tuple[Complaint, ...] = ()


class MarkData(Node, frozen=True):
    tags_add: Tagged | None = None
    tags_remove: Tagged | None = None


def mark(
    client: Client, customer_id: str, wanted: tuple[str, ...], known: tuple[str, ...]
) -> Marked | LeftAlone:
    """Add the wanted tags and take back those of ours that are not wanted any more."""
    if any("," in tag or not tag.strip() for tag in wanted):
        raise Refused("A tag may not be empty or hold a comma: Shopify would make two of it.")
    # Shopify takes "VIP" and "vip" for one tag.
    kept = {tag.casefold() for tag in wanted}
    unwanted = [tag for tag in known if tag.casefold() not in kept]
    if not wanted and not unwanted:
        return Marked(())
    asked: dict[str, object] = {
        "id": f"gid://shopify/Customer/{customer_id}",
        "add": list(wanted),
        "remove": unwanted,
        "adding": bool(wanted),
        "removing": bool(unwanted),
    }
    done = client.change(documents.MARK, asked, MarkData)
    if (wanted and done.tags_add is None) or (unwanted and done.tags_remove is None):
        raise OutcomeUnknown(UNREADABLE)
    complaints = [it for side in (done.tags_add, done.tags_remove) if side for it in side.user_errors]
    if any(it.field == ("id",) for it in complaints):
        return LeftAlone("This customer is no longer in the shop.")
    if complaints:
        raise Refused(f"Shopify refuses the tags ({complaints[0].place}).")
    return Marked(wanted)
