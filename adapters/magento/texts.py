"""What the install page says, in Dutch and in English. An admin's own words stay as Magento has them."""

import flask

from .install import LONGEST, SHORTEST_SECRET, Mistake

LANGUAGES = ("en", "nl")


def spoken() -> str:
    """Return the language of whoever asks."""
    # Whoever comes from the house's own pages reads on in the language chosen there.
    if (chosen := flask.session.get("language")) in LANGUAGES:
        return str(chosen)
    return str(flask.request.accept_languages.best_match(LANGUAGES, "en"))


def keep_speaking() -> None:
    """Have the house's own pages go on in the language of this one, where the browser asks for one that there is."""
    asked = flask.request.accept_languages.best_match(LANGUAGES)
    if asked is not None:
        flask.session.setdefault("language", asked)


NO_PLACE_NL = "De klanten van de winkel hebben geen attribuut {code}; installeer de module van Comeback of kies een ander."

# The second asks whoever changes their address for a proof; without it anybody may take another person's.
_BOTH = (
    "Require Emails Confirmation, and Require email confirmation if email has been changed (Stores > Settings > "
    "Configuration > Customers > Customer Configuration)"
)
_ELSE = {
    "en": "If your Magento lacks the second, the answer is no: a customer who fills in somebody else's address would have "
    "that person's points.",
    "nl": "Kent je Magento de tweede niet, dan is het antwoord nee: een klant die andermans adres invult, zou de punten van "
    "die ander krijgen.",
}

NOT_CONFIRMED = {
    "en": "It was said that the shop has every e-mail address confirmed, and Magento says that nobody has to on: {names}. "
    "Set Require Emails Confirmation to Yes for every website, or say no on the shop's page.",
    "nl": "Er is gezegd dat de winkel elk e-mailadres laat bevestigen, maar volgens Magento hoeft dat niet op: {names}. "
    "Zet Require Emails Confirmation voor elke website op Yes, of zeg nee op de pagina van de winkel.",
}

DOUBTED = {
    "en": "When Comeback last looked, a website did not have addresses confirmed, or did not answer: no address counts as "
    "proven. It looks again by night, and at once when you say yes again on the shop's page.",
    "nl": "Toen Comeback voor het laatst keek, liet een website adressen niet bevestigen, of gaf geen antwoord: geen adres "
    "geldt als bevestigd. Comeback kijkt 's nachts opnieuw, en meteen als je op de pagina van de winkel nogmaals ja zegt.",
}

LABELS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Connect your Magento shop",
        "lead": "In the Magento admin, open System > Extensions > Integrations and add an integration. Under API, tick "
        "the resources listed below. Then choose one of two ways.",
        "by_link": "Without pasting keys",
        "by_link_lead": "Enter these two addresses at the integration, save, and click Activate: Magento brings you here "
        "again by itself.",
        "callback": "Callback URL",
        "identity": "Identity link URL",
        "by_keys": "With four keys",
        "by_keys_lead": "Leave both addresses empty, save, and click Activate. Magento then shows four keys: paste them "
        "here. An integration that has both addresses shows none.",
        "resources": "The resources to tick",
        "address": "Address of the shop",
        "address_hint": "As shoppers type it, for example https://shop.example/. Where the shop has several, one of them: "
        "all its websites come along.",
        "consumer_key": "Consumer Key",
        "consumer_secret": "Consumer Secret",
        "token": "Access Token",
        "token_secret": "Access Token Secret",
        "confirms_email": "This shop has customers confirm their e-mail address, a new one and a changed one",
        "confirms_email_hint": f"Tick it only where both are Yes for every website: {_BOTH}. "
        f"{_ELSE['en']} Ticked, a guest's orders join the "
        "customer with the same address. Left empty for a shop that was connected before, it stays as it was.",
        "merchant_code": "Code of your programme",
        "merchant_code_hint": "Only if this is a further shop of a programme you already run: the one-time code from "
        "its settings.",
        "hook_secret": "Secret for webhooks",
        "hook_secret_hint": "Only if a module in your shop sends webhooks to Comeback: the same secret as there. Left "
        "empty, it stays as it was.",
        "optional": "optional",
        "connect": "Connect",
        "failed": "The shop is not connected yet.",
        "again": "Keys and secrets are not shown again: paste them once more.",
        "refused": "If all four are right and the integration is active, something changes calls on their way to Magento, "
        "so that no signature fits. Then this setting lets the shop be connected all the same: {setting}.",
        "missing": "The integration may not do everything yet. Tick these under API, save, and connect again:",
    },
    "nl": {
        "title": "Verbind je Magento-winkel",
        "lead": "Open in de Magento-admin System > Extensions > Integrations en voeg een integratie toe. Vink onder API "
        "de onderdelen hieronder aan. Kies dan een van twee wegen.",
        "by_link": "Zonder sleutels te plakken",
        "by_link_lead": "Vul deze twee adressen in bij de integratie, sla op en klik op Activate: Magento brengt je hier "
        "vanzelf terug.",
        "callback": "Callback URL",
        "identity": "Identity link URL",
        "by_keys": "Met vier sleutels",
        "by_keys_lead": "Laat beide adressen leeg, sla op en klik op Activate. Magento toont dan vier sleutels: plak die "
        "hier. Een integratie met beide adressen toont er geen.",
        "resources": "De onderdelen om aan te vinken",
        "address": "Adres van de winkel",
        "address_hint": "Zoals klanten het typen, bijvoorbeeld https://winkel.example/. Heeft de winkel er meer, dan een "
        "ervan: alle websites komen mee.",
        "consumer_key": "Consumer Key",
        "consumer_secret": "Consumer Secret",
        "token": "Access Token",
        "token_secret": "Access Token Secret",
        "confirms_email": "Deze winkel laat klanten hun e-mailadres bevestigen, een nieuw én een gewijzigd adres",
        "confirms_email_hint": f"Vink het alleen aan als beide voor elke website op Yes staan: {_BOTH}. "
        f"{_ELSE['nl']} Aangevinkt komen "
        "bestellingen van een gast bij de klant met hetzelfde adres. Leeg gelaten bij een winkel die al verbonden was, "
        "blijft het zoals het was.",
        "merchant_code": "Code van je programma",
        "merchant_code_hint": "Alleen voor een volgende winkel van een programma dat al loopt: de eenmalige code uit de "
        "instellingen daarvan.",
        "hook_secret": "Geheim voor webhooks",
        "hook_secret_hint": "Alleen als een module in je winkel webhooks naar Comeback stuurt: hetzelfde geheim als "
        "daar. Leeg blijft het zoals het was.",
        "optional": "niet verplicht",
        "connect": "Verbinden",
        "failed": "De winkel is nog niet verbonden.",
        "again": "Sleutels en geheimen worden niet opnieuw getoond: plak ze nog eens.",
        "refused": "Als alle vier kloppen en de integratie actief is, verandert iets aanroepen onderweg naar Magento, zodat "
        "geen handtekening past. Met deze instelling kan de winkel dan toch verbonden worden: {setting}.",
        "missing": "De integratie mag nog niet alles. Vink dit aan onder API, sla op en verbind opnieuw:",
    },
}

MISTAKES: dict[str, dict[Mistake, str]] = {
    "en": {
        Mistake.EMPTY: "Fill this in.",
        Mistake.TOO_LONG: f"At most {LONGEST} characters.",
        Mistake.TOO_SHORT: f"At least {SHORTEST_SECRET} characters, so that nobody can guess it.",
        Mistake.NO_ADDRESS: "This is not a web address. Copy it from your browser, for example https://shop.example/",
        Mistake.NOT_ALLOWED: "Comeback only connects to public addresses that begin with https://.",
        Mistake.UNREACHABLE: "Comeback cannot reach the shop at this address. Is it spelled right and is the shop up?",
        Mistake.NOT_MAGENTO: "The shop at this address does not answer as Magento does. Is a firewall in between?",
        Mistake.REDIRECTED: "The shop sends us on to another address (with or without www?). Enter that one.",
        Mistake.REDIRECTED_TO: "The shop sends us on to {to} – enter that address.",
        Mistake.KEYS_REFUSED: "The shop does not accept these keys. Paste all four again; is the integration active?",
        Mistake.NOTHING_ALLOWED: "These keys may do nothing. Is anything ticked under API, and is the integration active?",
        Mistake.NO_HEADER: "The shop's web server does not pass the Authorization header on to Magento, so that no keys "
        "work. In Apache, CGIPassAuth On does.",
        Mistake.RIGHTS_MISSING: "The keys work, but some rights are missing; they are listed above.",
        Mistake.NOT_CONFIRMED: "Magento says that nobody has to confirm an address on: {to}. "
        "Set it to Yes there, or leave this empty.",
        Mistake.TURNED_DOWN: "This code does not work (any more). Make a new one in the settings of your programme.",
        Mistake.CONNECTED: "This shop is connected already, at another of its addresses. Connect it again there.",
        Mistake.CONNECTED_AT: "This shop is connected already, as {to}: all websites and addresses of one Magento are one "
        "shop here, and there is nothing more to connect. Has it moved from there? Then connect it with the integration it "
        "had. Is this a copy of it? Then give the copy base URLs and an integration of its own.",
        Mistake.REMOVED_AT: "This shop was connected as {to} and then removed. To go on with its points and codes, connect "
        "it with the integration it had, or at that address. If neither is there any more, erase it on its page in "
        "Comeback; after that, connect it here as a new shop.",
        Mistake.ILL_WHERE_IT_WAS: "This shop is connected already, as {to}, and that address does not answer properly just "
        "now, so that nobody can tell whether it has moved. Try again in a while. If it never will again, remove the shop "
        "on its page in Comeback first.",
        Mistake.CODE_WANTED: "This shop was connected as {to}, and nothing there says that it has moved. Enter a one-time "
        "code of its programme, from Add a shop, to show that it is yours. Is this a copy of a shop that lives on? Then "
        "give the copy an integration of its own.",
    },
    "nl": {
        Mistake.EMPTY: "Vul dit in.",
        Mistake.TOO_LONG: f"Hooguit {LONGEST} tekens.",
        Mistake.TOO_SHORT: f"Minstens {SHORTEST_SECRET} tekens, zodat niemand het kan raden.",
        Mistake.NO_ADDRESS: "Dit is geen webadres. Kopieer het uit je browser, bijvoorbeeld https://winkel.example/",
        Mistake.NOT_ALLOWED: "Comeback verbindt alleen met openbare adressen die met https:// beginnen.",
        Mistake.UNREACHABLE: "Comeback kan de winkel op dit adres niet bereiken. Klopt het adres en is de winkel aan?",
        Mistake.NOT_MAGENTO: "De winkel op dit adres antwoordt niet zoals Magento. Zit er een firewall tussen?",
        Mistake.REDIRECTED: "De winkel stuurt door naar een ander adres (met of zonder www?). Vul dat in.",
        Mistake.REDIRECTED_TO: "De winkel stuurt door naar {to} – vul dat adres in.",
        Mistake.KEYS_REFUSED: "De winkel neemt deze sleutels niet aan. Plak ze alle vier opnieuw; is de integratie actief?",
        Mistake.NOTHING_ALLOWED: "Deze sleutels mogen niets. Is onder API iets aangevinkt, en is de integratie actief?",
        Mistake.NO_HEADER: "De webserver van de winkel geeft de Authorization-header niet door aan Magento, zodat geen "
        "sleutels werken. In Apache doet CGIPassAuth On dat wel.",
        Mistake.RIGHTS_MISSING: "De sleutels werken, maar er ontbreken rechten; ze staan hierboven.",
        Mistake.NOT_CONFIRMED: "Volgens Magento hoeft niemand een adres te bevestigen op: {to}. "
        "Zet het daar op Yes, of laat dit leeg.",
        Mistake.TURNED_DOWN: "Deze code werkt niet (meer). Maak een nieuwe in de instellingen van je programma.",
        Mistake.CONNECTED: "Deze winkel is al verbonden, op een ander adres van hem. Verbind hem daar opnieuw.",
        Mistake.CONNECTED_AT: "Deze winkel is al verbonden, als {to}: alle websites en adressen van één Magento zijn hier "
        "één winkel, en er valt niets meer te verbinden. Is hij daarvandaan verhuisd? Verbind hem dan met de integratie die "
        "hij had. Is dit een kopie ervan? Geef de kopie dan eigen base-URL's en een eigen integratie.",
        Mistake.REMOVED_AT: "Deze winkel was verbonden als {to} en is toen verwijderd. Om verder te gaan met zijn punten en "
        "codes, verbind je hem met de integratie die hij had, of op dat adres. Zijn die er allebei niet meer, wis hem dan "
        "op zijn pagina in Comeback; verbind hem daarna hier als nieuwe winkel.",
        Mistake.ILL_WHERE_IT_WAS: "Deze winkel is al verbonden, als {to}, en dat adres antwoordt nu even niet goed, zodat "
        "niemand kan zeggen of hij verhuisd is. Probeer het straks opnieuw. Komt het nooit meer terug, verwijder de winkel "
        "dan eerst op zijn pagina in Comeback.",
        Mistake.CODE_WANTED: "Deze winkel was verbonden als {to}, en daar zegt niets dat hij verhuisd is. Vul een eenmalige "
        "code van zijn programma in, van Winkel toevoegen, om te laten zien dat hij van jou is. Is dit een kopie van een "
        "winkel die doorgaat? Geef de kopie dan een eigen integratie.",
    },
}

CHOICES: dict[str, dict[str, str]] = {
    "en": {
        "adobe_client_title": "Adobe I/O Events: the client id",
        "adobe_client_hint": "Only with Adobe Commerce. It stands among the credentials of the project that sends events "
        "here, in Adobe's Developer Console; enter it before you register the address there.",
        "adobe_key_title": "Webhooks of Adobe Commerce: the public key",
        "adobe_key_hint": "Only with Adobe Commerce. In the admin: Stores > Configuration > Adobe Services > Webhooks, "
        "Regenerate key pair.",
        "marks_title": "Where a tier is written",
        "marks_hint": "A customer is in exactly one group, and prices, taxes and cart price rules may hang on it: a tier as "
        "a group can change what somebody pays. Tags are words in an attribute of the customer; many can stand there.",
        "group": "As the customer's group",
        "tags": "As tags in an attribute",
        "both": "As the customer's group, and as tags in an attribute",
        "attribute_title": "The attribute that holds tags",
        "attribute_hint": "Words are added to it and taken from it, parted by commas; what others wrote there stays.",
        "replaceable_title": "Groups that a tier may stand in place of",
        "replaceable_hint": "Customers in the group of newcomers get a tier's group in any case. Those in a group that is "
        "not ticked keep it, and its prices and taxes. Those in a ticked one come back to it when their tier ends.",
        "other_tax": "other tax class: {name}",
        "confirms_email_title": "E-mail addresses that customers confirm",
        "confirms_email_hint": f"Say yes only where both are Yes for every website: {_BOTH}. "
        f"{_ELSE['en']} With yes, a guest's orders join "
        "the customer with the same address. It holds for all once the shop was read again by night.",
        "no": "No, or not always",
        "yes": "Yes, always",
    },
    "nl": {
        "adobe_client_title": "Adobe I/O Events: de client-id",
        "adobe_client_hint": "Alleen met Adobe Commerce. Die staat bij de gegevens van het project dat hierheen stuurt, in "
        "de Developer Console van Adobe; vul hem in voordat je daar het adres aanmeldt.",
        "adobe_key_title": "Webhooks van Adobe Commerce: de openbare sleutel",
        "adobe_key_hint": "Alleen met Adobe Commerce. In de admin: Stores > Configuration > Adobe Services > Webhooks, "
        "Regenerate key pair.",
        "marks_title": "Waar een niveau wordt genoteerd",
        "marks_hint": "Een klant zit in precies één groep, en daar kunnen prijzen, belasting en winkelwagenregels aan "
        "hangen: een niveau als groep kan veranderen wat iemand betaalt. Tags zijn woorden in een attribuut van de "
        "klant; daar kunnen er meer van staan.",
        "group": "Als klantgroep",
        "tags": "Als tags in een attribuut",
        "both": "Als klantgroep, en als tags in een attribuut",
        "attribute_title": "Het attribuut met de tags",
        "attribute_hint": "Er komen woorden bij en gaan woorden uit, met komma's ertussen; wat anderen er schreven blijft.",
        "replaceable_title": "Groepen waarvoor een niveau in de plaats mag komen",
        "replaceable_hint": "Klanten in de groep van nieuwe klanten krijgen de groep van hun niveau in elk geval. Wie in "
        "een groep zit die niet is aangevinkt, houdt die, met de prijzen en belasting ervan. Wie in een aangevinkte groep "
        "zat, komt daarin terug als het niveau afloopt.",
        "other_tax": "andere belastingklasse: {name}",
        "confirms_email_title": "E-mailadressen die klanten bevestigen",
        "confirms_email_hint": f"Zeg alleen ja als beide voor elke website op Yes staan: {_BOTH}. "
        f"{_ELSE['nl']} Met ja komen bestellingen van "
        "een gast bij de klant met hetzelfde adres. Het geldt voor iedereen zodra de winkel 's nachts opnieuw is gelezen.",
        "no": "Nee, of niet altijd",
        "yes": "Ja, altijd",
    },
}
