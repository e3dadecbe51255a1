"""What is said of a shop's asynchronous events, in Dutch and in English."""

NOTES: dict[str, dict[str, str]] = {
    "en": {
        "denied": "The shop has Async Events. Tick {where} ({right}) at the integration and save, and it tells Comeback of "
        "changes at once; without that it is looked at every half minute.",
        "broken": "The shop's Async Events do not answer as they should, so Comeback cannot see its subscriptions. "
        "The shop is looked at every half minute in any case.",
        "off": "Subscriptions of Comeback are switched off in the shop ({names}), and stay so. To have them again, "
        "keep Yes under Async Events here.",
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
