"""The control route of how often a code was used: what a shop looks like whose queue consumer does not run."""

from adapters.magento.sandbox.stage import Routes, Said, Stage


def usage(stage: Stage, given: Said) -> Said:
    """Have the shop count the uses of codes or not, {"counted": false}; uncounted, a once-only code works for ever."""
    with stage.shop.lock:
        stage.shop.extras["uncounted"] = not given.get("counted", True)
    return given


ROUTES: Routes = [("POST", "usage", usage)]
