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
