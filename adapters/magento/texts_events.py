"""What is said of a shop's asynchronous events, in Dutch and in English."""

NOTES: dict[str, dict[str, str]] = {
    "en": {
        "denied": "The shop has Async Events. Tick {where} ({right}) at the integration and save, and it tells Comeback of "
        "changes at once; without that it is looked at every half minute.",
        "broken": "The shop's Async Events do not answer as they should, so Comeback cannot see its subscriptions. "
        "The shop is looked at every half minute in any case.",
        "off": "Subscriptions of Comeback are switched off in the shop ({names}), and stay so. To have them again, "
        "keep Yes under Async Events here.",
        "module_denied": "The shop has Comeback's module. Tick {where} ({right}) at the integration and save, and its "
        "address and secret are entered by themselves; what was entered by hand is good as it is.",
        "module_elsewhere": "Comeback's module in the shop sends its messages to another address: {address}. Empty it "
        "there to have it send them here.",
        "in_the_clear": "The shop has Async Events, but Comeback has no address that begins with https:// and is at most "
        "some 200 characters long, so it does not subscribe.",
    },
    "nl": {
        "denied": "De winkel heeft Async Events. Vink {where} ({right}) aan bij de integratie en sla op, dan meldt hij "
        "wijzigingen meteen aan Comeback; zonder dat wordt er elke halve minuut gekeken.",
        "broken": "De Async Events van de winkel antwoorden niet zoals het hoort, dus Comeback ziet zijn abonnementen niet. "
        "Er wordt in elk geval elke halve minuut gekeken.",
        "off": "Abonnementen van Comeback zijn in de winkel uitgezet ({names}) en blijven uit. Wil je ze terug, bewaar dan "
        "hier Ja bij Async Events.",
        "module_denied": "De winkel heeft de module van Comeback. Vink {where} ({right}) aan bij de integratie en sla op, "
        "dan worden adres en geheim vanzelf ingevuld; wat met de hand is ingevuld is goed zoals het is.",
        "module_elsewhere": "De module van Comeback in de winkel stuurt haar berichten naar een ander adres: {address}. "
        "Maak het daar leeg om ze hierheen te laten sturen.",
        "in_the_clear": "De winkel heeft Async Events, maar Comeback heeft geen adres dat met https:// begint en hooguit "
        "zo'n 200 tekens lang is, dus het abonneert zich niet.",
    },
}

CHOICE: dict[str, dict[str, str]] = {
    "en": {
        "title": "Async Events",
        "hint": "The shop has the module Async Events. With yes, Comeback subscribes to orders, refunds and customers "
        "there, and sees changes at once; subscriptions that are switched off in the shop are switched on again, once. "
        "With no, those of Comeback are switched off; the module lets nobody delete them from outside.",
        "yes": "Yes, Comeback subscribes",
        "no": "No, leave it alone",
    },
    "nl": {
        "title": "Async Events",
        "hint": "De winkel heeft de module Async Events. Met ja abonneert Comeback zich daar op bestellingen, "
        "terugbetalingen en klanten, en ziet wijzigingen meteen; abonnementen die in de winkel zijn uitgezet gaan één "
        "keer weer aan. Met nee gaan die van Comeback uit; de module laat ze van buitenaf door niemand verwijderen.",
        "yes": "Ja, Comeback abonneert zich",
        "no": "Nee, laat het met rust",
    },
}
