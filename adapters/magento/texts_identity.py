"""What the page of the identity step says, and of settings in the way, in Dutch and in English."""

from .scheme import Fault

_INTEGRATIONS = "System > Extensions > Integrations"
BEARER_SETTING = (
    "Stores > Settings > Configuration > Services > OAuth > Consumer Settings > "
    "Allow OAuth Access Tokens to be used as standalone Bearer tokens"
)
EXPIRY_SETTING = (
    "Stores > Settings > Configuration > Services > OAuth > Consumer Settings > Expiration Period"
)
# Where the shop gave a request token and we have it no more, neither button takes that back; the exchange begins anew only
# with an integration of its own.
_ANEW = {
    "en": " If that leads here again, delete the integration and make a new one.",
    "nl": " Brengt dat je weer hier, verwijder dan de integratie en maak een nieuwe.",
}


def addresses(public_url: str) -> dict[str, str]:
    """Return the two addresses that the merchant enters at the integration."""
    return {"callback": f"{public_url}/callbacks/magento", "identity": f"{public_url}/magento/identity"}


LABELS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Connect your Magento shop",
        "ready": "The shop accepts Comeback. With one click it is connected, and its customers and orders are read.",
        "known": "The shop is connected again.",
        "shop": "Shop:",
        "connect": "Connect",
        "sign_in": "Sign in",
        "done": "The shop is connected.",
        "go_on": "Go to your programme",
        "new_window": "opens a window of its own",
        "back": "Back to Magento",
        "halted": "The shop is not connected yet.",
        "missing": "The integration may not do everything yet. Tick these under API, save, and reload this page:",
        "lacks": "The integration may not do everything yet; what these rights are for is not done. Tick them under API and "
        "save; that is enough:",
        "reload": "Reload this page to try again; nothing is lost.",
        "faults": "Something stands in the way",
        "halt_unknown": "Magento has not sent the keys of this integration. Open "
        f"{_INTEGRATIONS} in the Magento admin, see that its callback URL is {{callback}} and its identity link URL "
        "{identity}, and click Activate or Reauthorize.",
        "halt_too_late": "Magento sent the keys more than five minutes ago and no longer exchanges them (the setting for it "
        f"is {EXPIRY_SETTING}). Click Activate or Reauthorize beside the integration, whichever is there.",
        "halt_refused": "The shop does not accept this exchange of keys. Click Activate or Reauthorize beside the "
        f"integration under {_INTEGRATIONS}, whichever is there.{_ANEW['en']}",
        "halt_other_browser": "This was begun in another browser. Go on there, or click Activate or Reauthorize beside the "
        f"integration, whichever is there.{_ANEW['en']}",
        "halt_spent": "This page was used already. To come in again, click Activate or Reauthorize beside the integration, "
        "whichever is there.",
        "halt_cookies": "Your browser keeps no cookie of Comeback, so nobody could tell that it is you. Allow them for this "
        "address, and click Activate or Reauthorize again.",
    },
    "nl": {
        "title": "Verbind je Magento-winkel",
        "ready": "De winkel accepteert Comeback. Met één klik is hij verbonden en worden klanten en bestellingen gelezen.",
        "known": "De winkel is weer verbonden.",
        "shop": "Winkel:",
        "connect": "Verbinden",
        "sign_in": "Inloggen",
        "done": "De winkel is verbonden.",
        "go_on": "Naar je programma",
        "new_window": "opent een eigen venster",
        "back": "Terug naar Magento",
        "halted": "De winkel is nog niet verbonden.",
        "missing": "De integratie mag nog niet alles. Vink dit aan onder API, sla op en laad deze pagina opnieuw:",
        "lacks": "De integratie mag nog niet alles; waar deze rechten voor zijn gebeurt nog niet. Vink ze aan onder API en "
        "sla op; meer is niet nodig:",
        "reload": "Laad deze pagina opnieuw om het nog eens te proberen; er gaat niets verloren.",
        "faults": "Er zit iets in de weg",
        "halt_unknown": "Magento heeft de sleutels van deze integratie niet gestuurd. Open "
        f"{_INTEGRATIONS} in de Magento-admin, kijk of de callback URL {{callback}} is en de identity link URL "
        "{identity}, en klik op Activate of Reauthorize.",
        "halt_too_late": "Magento heeft de sleutels meer dan vijf minuten geleden gestuurd en wisselt ze niet meer in (de "
        f"instelling daarvoor is {EXPIRY_SETTING}). Klik op Activate of Reauthorize naast de integratie, wat er "
        "staat.",
        "halt_refused": "De winkel accepteert deze uitwisseling van sleutels niet. Klik op Activate of Reauthorize naast de "
        f"integratie onder {_INTEGRATIONS}, wat er staat.{_ANEW['nl']}",
        "halt_other_browser": "Dit is in een andere browser begonnen. Ga daar verder, of klik op Activate of Reauthorize "
        f"naast de integratie, wat er staat.{_ANEW['nl']}",
        "halt_spent": "Deze pagina is al gebruikt. Klik op Activate of Reauthorize naast de integratie, wat er staat, "
        "om opnieuw binnen te komen.",
        "halt_cookies": "Je browser bewaart geen cookie van Comeback, dus kan niemand zien dat jij het bent. Sta ze toe "
        "voor dit adres en klik opnieuw op Activate of Reauthorize.",
    },
}

FAULTS: dict[str, dict[Fault, str]] = {
    "en": {
        "scheme": "A proxy before the shop turns https into http (or back), so Magento checks signatures for another "
        "address than its own. Have the proxy send X-Forwarded-Proto, and the web server pass it on to PHP as HTTPS=on "
        "(Apache: SetEnvIf X-Forwarded-Proto https HTTPS=on). Until then Comeback signs for the address that Magento sees.",
        "port": "The web server gives Magento the name of the shop without its port, so Magento checks signatures for "
        "another address than its own. Have it pass the Host header whole (nginx: fastcgi_param HTTP_HOST $http_host). "
        "Until then Comeback signs for the address that Magento sees.",
        "bearer": "The shop accepts no signature, only the access token by itself, and that only while this setting is on: "
        f"{BEARER_SETTING}. Perhaps one of the two secrets was pasted wrong. Else find what changes calls on their way "
        "to Magento (a proxy that rewrites the name of the shop or the path). Then connect the shop again.",
    },
    "nl": {
        "scheme": "Een proxy voor de winkel maakt van https http (of andersom), dus controleert Magento handtekeningen voor "
        "een ander adres dan het zijne. Laat de proxy X-Forwarded-Proto sturen en de webserver dat als HTTPS=on aan PHP "
        "doorgeven (Apache: SetEnvIf X-Forwarded-Proto https HTTPS=on). Tot dan tekent Comeback voor het adres "
        "dat Magento ziet.",
        "port": "De webserver geeft Magento de naam van de winkel zonder de poort, dus controleert Magento handtekeningen "
        "voor een ander adres dan het zijne. Laat hem de Host-header heel doorgeven (nginx: fastcgi_param HTTP_HOST "
        "$http_host). Tot dan tekent Comeback voor het adres dat Magento ziet.",
        "bearer": "De winkel accepteert geen handtekening, alleen het access token zelf, en dat alleen zolang deze "
        f"instelling aan staat: {BEARER_SETTING}. Misschien is een van de twee geheimen verkeerd geplakt. Zoek anders uit "
        "wat aanroepen onderweg naar Magento verandert (een proxy die de naam van de winkel of het pad herschrijft). "
        "Verbind de winkel daarna opnieuw.",
    },
}


def fault(name: Fault) -> dict[str, str]:
    """Return what a fault is called in each language."""
    return {language: said[name] for language, said in FAULTS.items()}
