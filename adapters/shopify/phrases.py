"""The words of the install pages, in English and Dutch."""

from collections.abc import Mapping

ENGLISH = {
    "title": "Connect your Shopify shop",
    "lead": "Comeback copies your customers and orders and keeps up with them, so that loyal customers can be thanked.",
    "label": "Your shop's address",
    "hint": "For example your-shop.myshopify.com. You find it in Shopify under Settings, Domains.",
    "wrong": "This is no address of a Shopify shop. Write it like your-shop.myshopify.com.",
    "button": "Go to Shopify",
    "next": "Shopify then asks you to allow it. Nothing is copied before you have.",
    "through": "Open Comeback in Shopify",
    "through_lead": "Comeback is installed from the Shopify App Store, and opened in your shop's admin under Apps.",
    "through_code": "Your one-time code: ",
    "through_next": "Install Comeback in your other shop and open it there. It asks for this code, so that the shop joins "
    "your programme.",
    "start": "Welcome to Comeback",
    "unreached": "Comeback cannot be reached. Look whether you are online, then try again.",
    "start_lead": "Does this shop join a programme that you run already?",
    "code": "One-time code",
    "code_hint": "Comeback shows it in your other shop, under Overview, Add a shop. It works once, for an hour.",
    "join": "Join with this code",
    "alone": "This shop begins a programme of its own.",
    "begin": "Start without a code",
    "sorry": "Connecting did not work",
    "unproven": "This link is no longer good, or was opened in another browser. Start once more from here.",
    "expired": "Shopify no longer accepts this sign-in. Start once more from here.",
    "busy": "Shopify is busy at the moment. Wait a minute and try again.",
    "refused": "Shopify or Comeback said no:",
    "again": "Start again",
}
DUTCH = {
    "title": "Verbind je Shopify-winkel",
    "lead": "Comeback kopieert je klanten en bestellingen en houdt ze bij, zodat je trouwe klanten kunt bedanken.",
    "label": "Het adres van je winkel",
    "hint": "Bijvoorbeeld jouw-winkel.myshopify.com. Je vindt het in Shopify onder Instellingen, Domeinen.",
    "wrong": "Dit is geen adres van een Shopify-winkel. Schrijf het als jouw-winkel.myshopify.com.",
    "button": "Naar Shopify",
    "next": "Daarna vraagt Shopify om je toestemming. Eerder wordt er niets gekopieerd.",
    "through": "Open Comeback in Shopify",
    "through_lead": "Je installeert Comeback vanuit de Shopify App Store en opent het in het beheer van je winkel, "
    "onder Apps.",
    "through_code": "Je eenmalige code: ",
    "through_next": "Installeer Comeback in je andere winkel en open het daar. Het vraagt om deze code, zodat de winkel met "
    "je programma meedoet.",
    "start": "Welkom bij Comeback",
    "unreached": "Comeback is niet te bereiken. Kijk of je online bent en probeer het opnieuw.",
    "start_lead": "Doet deze winkel mee met een programma dat je al hebt?",
    "code": "Eenmalige code",
    "code_hint": "Comeback toont hem in je andere winkel, onder Overzicht, Winkel toevoegen. Hij werkt één keer, "
    "een uur lang.",
    "join": "Meedoen met deze code",
    "alone": "Deze winkel begint een eigen programma.",
    "begin": "Beginnen zonder code",
    "sorry": "Verbinden is niet gelukt",
    "unproven": "Deze link geldt niet meer, of is in een andere browser geopend. Begin hier opnieuw.",
    "expired": "Shopify accepteert deze aanmelding niet meer. Begin hier opnieuw.",
    "busy": "Shopify heeft het nu druk. Wacht een minuut en probeer het opnieuw.",
    "refused": "Shopify of Comeback zei nee:",
    "again": "Opnieuw beginnen",
}


def phrases(language: str) -> Mapping[str, str]:
    """Return the words of a language; English where there are none."""
    return DUTCH if language == "nl" else ENGLISH
