"""What was written down in English while no page was open, said in the page's language.

Results of messages and changes, and what a shop's line said, are kept as English sentences. Each is listed here, with a
`%(name)s` where a figure or a name stands in it, and found again when it is shown. What is not listed is shown as it
stands, behind a word that says it was reported.
"""

import re
from collections.abc import Iterator
from functools import cache

from connector.settings import tongue

_ = str  # marks a text for translation; it is looked up when it is shown

OURS = (
    _("%(error)s while applying it"),
    _("%(error)s while sending it"),
    _("A person was erased (%(rows)s rows); the figures stay."),
    _("About a removal before the shop was installed again; nothing was erased."),
    _("An encryption key is missing; `comeback doctor` says which one."),
    _("An order that is not known is gone."),
    _("An order that is too old for the shop to show it; it stays as it is."),
    _("Balance and tier can be read in the shop."),
    _("Carries: %(words)s."),
    _("Carries: nothing of ours."),
    _("Comeback was removed from the shop; its tokens are deleted."),
    _("Customer brought up to date."),
    _("Customer: forgotten, and stays so."),
    _("Customer: nothing new."),
    _("Customer: older than what is known."),
    _("The shop is out of use, and everything of it is being erased."),
    _("It is still being looked for; try again in a few minutes."),
    _("It was called off before it was tried."),
    _("It was given, and is the customer's."),
    _("It was looked for, and was not given."),
    _("No longer needed."),
    _("Nobody knows whether it was given; it is looked for in a few minutes."),
    _(
        "Nobody knows whether this was given. Try it again: when the look finds nothing, the points come back."
    ),
    _("Nothing to do."),
    _("Order %(number)s brought up to date."),
    _("Order %(number)s: known already."),
    _(
        "Order %(number)s cannot be read: a date, an amount or a word is spoilt; put it right in the shop and try again."
    ),
    _(
        "Customer %(number)s cannot be read: a date, an amount or a word is spoilt; put it right in the shop and try again."
    ),
    _("Order %(number)s: older than what is known."),
    _("Put away by hand; nothing was done."),
    _("Sent before the shop was installed again; nothing was done."),
    _("The code belongs to somebody else; another one is made."),
    _("What stands there now is written down, to be put back one day; then it goes out."),
    _("There is nothing to choose for this shop."),
    _("The shop did not answer in time."),
    _("The shop was being connected again. Try it once more."),
    _("The code can no longer be used."),
    _("The code is live in the shop."),
    _("The customer was deleted in the shop."),
    _("The earlier code is still being ended; try again in a moment."),
    _("The gift is tried once more."),
    _("The history is ready to be fetched."),
    _("The member no longer has the points for this coupon."),
    _("The old code was taken out of the shop's list, unless somebody has used it."),
    _("The order was deleted in the shop; its points are taken back."),
    _("The person was forgotten; it cannot be looked for."),
    _("The person was forgotten; it is not made any more."),
    _("The shop has Comeback installed; nothing was erased."),
    _("The shop hinted at changes; they are being looked up."),
    _("The shop is left alone for a moment."),
    _("The shop itself changed; it is looked at again."),
    _("The shop was erased meanwhile."),
    _("The shop was removed before this could be looked up."),
    _("The signed message names another shop; nothing was done."),
    _("Tried again with a fresh code."),
    _("Two customers were joined in the shop."),
    _("What was kept does not open with the key that sealed it."),
    _("What Comeback may do in the shop changed; all of it is read again."),
    _("What is known of a person was put together; it is on the activity page."),
    _("stopped while reading; it starts again by itself"),
    _("the platform %(platform)s is not set up here; `comeback doctor` says more"),
)
"""What applying, pushing and reading a shop write down."""

LINES = (
    _("%(platform)s answered %(status)s; it may have done what was asked."),
    _("%(platform)s answers with a redirect, which Comeback does not follow."),
    _("%(platform)s asks to wait."),
    _("%(platform)s cuts group names at %(length)s characters; give the tier a shorter name."),
    _("%(platform)s does not accept this sign-in any more. Start again from the shop."),
    _("%(platform)s cannot be reached."),
    _("%(platform)s did not answer in time."),
    _("%(platform)s does not know this app: check %(one)s and %(other)s."),
    _("%(platform)s failed on the way."),
    _("%(platform)s failed on the way; it may have done what was asked."),
    _("%(platform)s gives no gift cards and no store credit."),
    _("%(platform)s gave no renewable access. Check that the app may use expiring offline tokens."),
    _("%(platform)s has frozen or locked this shop."),
    _("%(platform)s is out of order (status %(status)s)."),
    _("%(platform)s knows no shop, or no API version, at this address."),
    _("%(platform)s no longer accepts Comeback's access to this shop. Connect it again."),
    _("%(platform)s refuses Comeback a right it needs. Connect the shop again."),
    _(
        "%(platform)s refuses Comeback a right it needs. Connect the shop again; if that does not help, "
        "ask for approval of the app for protected customer data."
    ),
    _("%(platform)s refuses the coupon (%(place)s)."),
    _("%(platform)s refuses the request (%(reason)s)."),
    _("%(platform)s refuses the request (status %(status)s)."),
    _("%(platform)s refuses the tags (%(place)s)."),
    _("%(platform)s refuses to end the coupon (%(place)s)."),
    _("%(platform)s refuses to read in bulk (%(reason)s)."),
    _("%(platform)s refuses to send %(topic)s webhooks: %(reason)s"),
    _("%(platform)s says the code exists but does not show it yet."),
    _("%(platform)s says this shop is not active."),
    _("%(platform)s withheld some of what was asked; it may still be there."),
    _("%(platform)s's certificate is not good."),
    _("%(platform)s's answer about access is not as agreed."),
    _("%(platform)s's answer cannot be read."),
    _("%(platform)s's answer cannot be read; it may have done what was asked."),
    _("%(platform)s's answer is larger than Comeback reads."),
    _("%(platform)s's answer is not as agreed: %(reason)s"),
    _("%(platform)s's answer to a change is not as agreed."),
    _("A gift of money is no discount code."),
    _("A line of the shop's file cannot be read."),
    _("A line of the shop's file is larger than Comeback reads."),
    _("A page came where data was expected (%(status)s): is a firewall or maintenance page in between?"),
    _("A page came where data was expected; the call may have been done."),
    _("A tag may not be empty or hold a comma: %(platform)s would make two of it."),
    _("An order went away while its lines were read."),
    _("Comeback also needs these rights in the shop: %(rights)s."),
    _("Comeback does not use %(topic)s"),
    _("It may have done what was asked."),
    _("No website of the shop keeps its books in %(currency)s."),
    _("Order %(number)s states an amount that is none in %(currency)s."),
    _("The connection to %(platform)s broke off."),
    _("The customer is in the group %(group)s, which is the shop's own; Comeback leaves it alone."),
    _("The customer is no longer in the shop."),
    _("The shop asks us to slow down (429)."),
    _("The shop answers with something Comeback did not ask for."),
    _("The shop cannot be reached."),
    _("The shop does not honour our search; does a proxy drop the query of its addresses?"),
    _(
        "The shop failed four times in a row to prepare its history. Ask %(platform)s, then have it read again."
    ),
    _("The shop did not delete every code that it was asked to."),
    _("The shop failed on our call (%(status)s)."),
    _("The shop failed on our call (%(status)s); it may have been done."),
    _("The shop gave up preparing its history."),
    _("The shop has a group %(group)s; give the tier exactly that name."),
    _("The shop has no store view."),
    _("The shop is busy with other bulk reading."),
    _("The shop is out of order for a while (503)."),
    _("The shop is still preparing its history."),
    _("The shop names a result file at an address Comeback does not fetch from."),
    _("The shop names itself differently than its address."),
    _("The shop no longer accepts our keys; connect it again."),
    _("The shop refused the call (%(status)s)."),
    _("The shop keeps its price rule %(name)s otherwise than its name says; delete the rule there."),
    _("Choose one of what is offered."),
    _("The shop says that nobody has to confirm an address on: %(names)s."),
    _("Too many of our calls to the shop are on their way."),
    _("The shop did not accept our signature this once."),
    _("The shop's customers have no attribute %(code)s; install Comeback's module, or choose another."),
    _("The tag %(word)s holds a comma or a line break, which part tags there."),
    _("The shop cuts the attribute %(code)s at %(longest)s characters; choose one of type text area."),
    _("The group %(code)s is that of visitors; give the tier another name."),
    _("The group %(code)s is shut out of the customer's website; change that in the group."),
    _("The shop did not keep what was written into the attribute %(code)s; who may change it?"),
    _(
        "The shop took the new group and kept the old one; does a module, or t"
        "he check of VAT numbers, assign groups by itself?"
    ),
    _("The shop's address must begin with https://."),
    _("The shop's answer did not arrive."),
    _("The shop's answer did not arrive; it may have been done."),
    _("The shop's answer is not understood: %(reason)s."),
    _("The shop's answer is not understood: no JSON."),
    _("The shop's answer is not understood: no object."),
    _("The shop's price rule %(name)s is switched off; switch it on, or give another reward."),
    _("The shop's certificate is not accepted."),
    _("The shop's file is not there (status %(status)s)."),
    _("The shop's file is shorter than the shop says."),
    _("The shop's file lists lines of an order without the order."),
    _("The shop's firewall turns us away (403)."),
    _("This customer is no longer in the shop."),
    _("This is no address of a %(platform)s shop. Connect the shop again."),
    _("A test message came through: the shop's messages reach Comeback."),
    _("Adobe keeps no key at this path."),
    _("Adobe's key cannot be fetched."),
    _("This is no client id of Adobe's; copy it from the project's credentials."),
    _("This is no public key; copy all of it, with its first and its last line."),
    _("The shop was too slow for its own web server (408)."),
    _("The message is signed as our module's, and not what it says."),
    _("%(platform)s signs with the app's own secret; there is none of the shop's."),
    _("The shop answers with a redirect to another address%(named)s."),
    _("a bulk change has ended; Comeback waits for none"),
    _("order %(number)s states an amount that is none in %(currency)s"),
    _("the body holds a number that is none"),
    _("the body holds a value that cannot be"),
    _("the body is nested deeper than %(levels)s levels"),
    _("the body is not JSON"),
    _("the body is not UTF-8"),
    _("the body is not as expected: %(reason)s"),
    _("the body names one key twice"),
    _("the shop could not join these two customers"),
    _("Codes here cannot be about some products, or about a number of them."),
    _("%(platform)s shops are connected by their merchant, at %(address)s."),
    _("Others keep writing what Comeback writes on customers."),
    _("%(platform)s refuses the card (%(codes)s)."),
    _("%(platform)s refuses the definition of the card (%(codes)s)."),
    _("%(platform)s refuses to delete the coupon (%(codes)s)."),
    _("The code that the others hang on belongs to somebody else."),
    _("%(platform)s is still making the codes."),
    _("The app also needs these rights: %(rights)s. Deploy its app file anew."),
    _("%(platform)s has not given Comeback the right to do this in the shop."),
    _("Allow it at %(address)s, then try again."),
    _("%(platform)s refuses the gift card (%(place)s)."),
    _("%(platform)s refuses the store credit (%(place)s)."),
    _("%(platform)s says the gift card exists but does not show it yet."),
    _("A store credit without an end could not be told from another one."),
    _(
        "This customer has a store credit of the same amount that ends on the same day; Comeback cannot tell whether it "
        "is this one, and gives no other."
    ),
    _("This customer has more store credits than Comeback looks through."),
    _("Looking whether it was given takes longer than the look is good for."),
    _("It took too long to come to this; it was not sent."),
    _("The shop has no place for it."),
    _("This is no address of a %(platform)s shop. Write it like %(address)s."),
    _("This shop is not in the organisation that the app belongs to, so it cannot be its own."),
    _("its headers name no single shop or topic"),
    _("its id is none"),
)
"""What a shop's line says when something is not as usual; the platform's name stands in it as `%(platform)s`."""

_FIGURE = re.compile(r"%\((\w+)\)s")
_BETWEEN = re.compile(r"(?<=[.!?]) (?=[A-Z])")


def said(text: str) -> str:
    """Return what was written down, in the page's language; as it stands where it is not known."""
    if tongue.language() == "en":
        return text
    # Two sentences in a row before one with room for the other: "Order 7: known already. Customer brought up to date."
    for parts in (_BETWEEN.split(text), [text]):
        known = [found for part in parts if (found := _known(part)) is not None]
        if len(known) == len(parts):
            return " ".join(known)
    return tongue._("Reported: %(words)s", words=text)


def pattern(sentence: str) -> re.Pattern[str]:
    """Return what finds a sentence again, whatever figures stand in it."""
    pieces = _FIGURE.split(sentence)
    return re.compile("".join(_piece(number, piece) for number, piece in enumerate(pieces)), re.S)


def _piece(number: int, piece: str) -> str:
    return f"(?P<{piece}>.+?)" if number % 2 else re.escape(piece)


def _known(text: str) -> str | None:
    for sentence, found_by in _patterns():
        if (found := found_by.fullmatch(text)) is not None:
            return tongue._(sentence, **found.groupdict())
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    # The one with the most words of its own first: the others may match it too, with words for figures.
    return tuple((sentence, pattern(sentence)) for sentence in sorted(_all(), key=_words, reverse=True))


def _all() -> Iterator[str]:
    yield from OURS
    yield from LINES


def _words(sentence: str) -> int:
    return len(_FIGURE.sub("", sentence))
