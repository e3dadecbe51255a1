"""The control routes of rules: how often a code was used, and whether a rule's days are minded."""

from adapters.magento.sandbox.stage import Routes, Said, Stage


def usage(stage: Stage, given: Said) -> Said:
    """Have the shop count the uses of codes or not, {"counted": false}; uncounted, a once-only code works for ever.

    {"consumer": true} lets the queue's consumer run, which counts the uses of rules.
    """
    with stage.shop.lock:
        stage.shop.extras["uncounted"] = not given.get("counted", True)
        stage.shop.extras["consumer"] = bool(given.get("consumer", False))
    return given


def dates(stage: Stage, given: Said) -> Said:
    """Have the shop mind the days of rules or not, {"minded": false}, as in Adobe Commerce; all else stays as it is told.

    {"zeros": true} stores zeros for the days of new rules, as 2.4.1 and some versions after it do.
    """
    with stage.shop.lock:
        stage.shop.extras["undated"] = not given.get("minded", True)
        stage.shop.extras["zero_dates"] = bool(given.get("zeros", False))
    return given


ROUTES: Routes = [("POST", "usage", usage), ("POST", "dates", dates)]
