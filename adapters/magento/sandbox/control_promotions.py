"""The control route of how often a code was used: with and without the queue's consumer."""

from adapters.magento.sandbox.stage import Routes, Said, Stage


def usage(stage: Stage, given: Said) -> Said:
    """Have the shop count the uses of codes or not, {"counted": false}; uncounted, a once-only code works for ever.

    {"consumer": true} lets the queue's consumer run, which counts the uses of rules.
    """
    with stage.shop.lock:
        stage.shop.extras["uncounted"] = not given.get("counted", True)
        stage.shop.extras["consumer"] = bool(given.get("consumer", False))
    return given


ROUTES: Routes = [("POST", "usage", usage)]
