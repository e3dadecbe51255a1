"""Signing in by a password, over two web processes: what is let in, what waits for how long, and what ends a visit."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from io import StringIO

import msgspec
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from connector import entrance, passwords
from connector.app import create_app
from connector.hall import sign_in_url
from connector.house import House
from connector.settings import sessions
from connector.store import logins, merchants
from connector.store.logins import Login
from connector.store.shops import Shop

NAME, PASSWORD = "anna@theehoek.example", "seven kettles sing softly"
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kibibyte where it would be 64 MiB: what is tried is written beside what is kept, so that both are read alike."""
    monkeypatch.setattr(passwords, "_KIBIBYTES", 8)
    monkeypatch.setattr(passwords, "_NOBODYS", passwords.hashed("nobody's"))


class Sites:
    """Two web processes of one house, and its clock."""

    def __init__(self, house: House, shop: Shop) -> None:
        self.moment: datetime = house.now()
        self.house = msgspec.structs.replace(house, now=lambda: self.moment)
        self.merchant_id = shop.merchant_id
        self.apps = (create_app(self.house), create_app(self.house))

    def client(self, app: int = 0, address: str = "127.0.0.1") -> FlaskClient:
        made = self.apps[app].test_client()
        made.environ_base |= {"REMOTE_ADDR": address, "HTTP_ACCEPT_LANGUAGE": "en"}
        return made

    def has_password(self, name: str = NAME, password: str = PASSWORD, merchant_id: int = 0) -> None:
        with self.house.database.merchant(merchant_id or self.merchant_id) as tx:
            assert logins.keep(tx, Login(name, passwords.hashed(password), self.moment))

    def linked(self) -> FlaskClient:
        client = self.client()
        link = sign_in_url(self.house, self.merchant_id)
        assert client.get("/" + link.split("/", 3)[3] + "?lang=en").status_code == 302
        return client


@pytest.fixture
def sites(house: House, shop: Shop) -> Sites:
    return Sites(house, shop)


def token(client: FlaskClient, page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    assert found
    return found[1]


def tries(client: FlaskClient, name: str = NAME, password: str = PASSWORD, **more: str) -> TestResponse:
    form = {"csrf_token": token(client, "/signin"), "name": name, "password": password, **more}
    return client.post("/signin", data=form)


def sends(client: FlaskClient, address: str, **form: str) -> TestResponse:
    return client.post(address, data={"csrf_token": token(client, "/settings/signin"), **form})


def test_name_and_password_sign_in_in_any_spelling_of_the_name_and_lead_nowhere_else(sites: Sites) -> None:
    sites.has_password()
    for name in (NAME, f"  {NAME.upper()} "):
        client = sites.client()
        answer = tries(client, name, next="/settings/members?tier=Gold")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/settings/members?tier=Gold")
        assert client.get("/settings/shops").status_code == 200
    for elsewhere in ("https://evil.example/", "//evil.example", "/\\evil.example", "evil"):
        assert tries(sites.client(), next=elsewhere).headers["Location"] == "/"


def test_every_refusal_reads_the_same_and_is_as_much_work(
    sites: Sites, monkeypatch: pytest.MonkeyPatch
) -> None:
    sites.has_password()
    tried, whole = list[bytes](), passwords.Argon2id.verify_phc_encoded
    monkeypatch.setattr(
        passwords.Argon2id, "verify_phc_encoded", lambda *words: (tried.append(words[0]), whole(*words))
    )
    answers = [
        tries(sites.client(), *words)
        for words in ((NAME, "seven kettles sing loudly"), ("nobody@nowhere", PASSWORD), ("", ""), ("x", ""))
    ]
    bare = [re.sub(r'value="[^"]*"', "", answer.text) for answer in answers]
    assert {answer.status_code for answer in answers} == {401}
    assert len(set(bare)) == 1
    assert "Name or password is not right." in bare[0]
    assert len(tried) == 4


def test_after_five_failures_the_name_waits_at_every_process_and_a_link_does_not(sites: Sites) -> None:
    sites.has_password()
    found = [tries(sites.client(n % 2), password="wrong").status_code for n in range(5)]
    assert found == [401] * 5
    for app in (0, 1):
        locked = tries(sites.client(app))  # with the right password
        assert locked.status_code == 429
        assert locked.headers["Retry-After"] == "900"
        assert "Try again in 15 minutes" in locked.text
    assert tries(sites.client(), "nobody@nowhere").status_code == 401, "another name is not held up"
    assert sites.linked().get("/settings/shops").status_code == 200
    sites.moment += timedelta(minutes=14, seconds=1)
    assert "Try again in 1 minute," in tries(sites.client()).text
    sites.moment += MINUTE
    assert tries(sites.client(1)).status_code == 302


def test_a_good_sign_in_begins_the_count_anew_and_thirty_from_one_office_hold_nobody_up(sites: Sites) -> None:
    sites.has_password()
    assert {tries(sites.client()).status_code for _ in range(30)} == {302}
    for _ in range(3):
        assert [tries(sites.client(), password="wrong").status_code for _ in range(4)] == [401] * 4
        assert tries(sites.client()).status_code == 302


def test_twenty_failures_from_one_address_wait_whatever_names_they_try(sites: Sites) -> None:
    sites.has_password()
    sent = [tries(sites.client(n % 2, "192.0.2.7"), f"name {n}").status_code for n in range(21)]
    assert sent == [401] * 20 + [429]
    assert tries(sites.client(0, "192.0.2.7")).status_code == 429
    assert tries(sites.client(0, "192.0.2.8")).status_code == 302
    # A household has a whole network of these.
    sixes = [tries(sites.client(0, f"2001:db8:1:2::{n}"), f"x{n}").status_code for n in range(1, 22)]
    assert sixes == [401] * 20 + [429]
    assert tries(sites.client(0, "2001:db8:1:3::1")).status_code == 302


def test_of_thirty_tries_at_the_same_moment_five_are_looked_at(sites: Sites) -> None:
    sites.has_password()
    clients = [sites.client(n % 2, f"192.0.2.{n}") for n in range(30)]
    with ThreadPoolExecutor(8) as crowd:
        found = list(crowd.map(lambda client: tries(client, password="wrong").status_code, clients))
    assert sorted(found) == [401] * 5 + [429] * 25


def test_more_at_once_than_there_is_memory_for_are_asked_to_come_again(
    sites: Sites, monkeypatch: pytest.MonkeyPatch
) -> None:
    sites.has_password()
    monkeypatch.setattr(passwords, "_WAIT", 0.01)
    with passwords._place(), passwords._place():
        answer = tries(sites.client())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert tries(sites.client()).status_code == 302


def test_a_cookie_from_before_signing_in_is_nobodys_afterwards(sites: Sites) -> None:
    sites.has_password()
    victim, thief = sites.client(), sites.client()
    victim.get("/signin")
    planted = victim.get_cookie("session")
    assert planted is not None
    thief.set_cookie("session", planted.value)
    assert tries(victim).status_code == 302
    assert victim.get("/settings/shops").status_code == 200
    assert thief.get("/settings/shops").status_code == 401
    mine = victim.get_cookie("session")
    assert mine is not None
    assert mine.value != planted.value


def test_half_an_hour_without_a_wish_ends_a_visit_and_what_a_page_fetches_is_none(sites: Sites) -> None:
    client = sites.linked()
    for _ in range(4):
        sites.moment += 25 * MINUTE
        assert client.get("/settings/shops").status_code == 200
    sites.moment += 20 * MINUTE
    # The overview looks at a running import every two seconds, whether somebody sits there or not.
    assert client.get("/settings/shops/state", headers={"HX-Request": "true"}).status_code == 200
    sites.moment += 11 * MINUTE
    answer = client.get("/settings/shops/state", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (401, "true")
    assert client.get("/settings/shops").status_code == 401


def test_a_visit_writes_its_cookie_at_most_once_a_minute(sites: Sites) -> None:
    client, written = sites.linked(), 0
    client.get("/settings/programme")  # the form's token comes into the cookie
    for _ in range(12):
        sites.moment += timedelta(seconds=20)
        written += "Set-Cookie" in client.get("/settings/shops").headers
    assert written == 4


def test_a_copy_of_the_cookie_ends_with_the_visit(sites: Sites) -> None:
    client, copy = sites.linked(), sites.client(1)
    client.get("/settings/shops")
    cookie = client.get_cookie("session")
    assert cookie is not None
    copy.set_cookie("session", cookie.value)
    assert copy.get("/settings/shops").status_code == 200
    assert sends(client, "/signout").status_code == 302
    assert copy.get("/settings/shops").status_code == 401


def test_signing_out_everywhere_ends_every_visit_and_every_link(sites: Sites) -> None:
    one, two = sites.linked(), sites.client()
    with two.session_transaction() as session:  # begun under the version before
        session.update(merchant_id=sites.merchant_id, since=int(sites.moment.timestamp()))
    assert two.get("/settings/shops").status_code == 200
    link = sign_in_url(sites.house, sites.merchant_id)
    assert sends(one, "/signout/everywhere").status_code == 302
    for client in (one, two):
        assert client.get("/settings/shops").status_code == 401
    assert sites.client().get("/" + link.split("/", 3)[3]).status_code == 401
    assert sites.linked().get("/settings/shops").status_code == 200


def test_a_password_is_chosen_after_a_link_and_the_old_one_is_asked_for_later(sites: Sites) -> None:
    other, client = sites.linked(), sites.linked()
    assert 'id="old"' not in client.get("/settings/signin").text
    chosen = sends(client, "/settings/signin", name=NAME, password=PASSWORD, again=PASSWORD)
    assert chosen.status_code == 303
    page = client.get("/settings/signin").text
    assert "From now on you can sign in by this password." in page
    assert 'id="old"' in page
    assert other.get("/settings/shops").status_code == 401, "whoever was in elsewhere is out"
    assert tries(sites.client()).status_code == 302
    new = "eight kettles sing softly"
    without = sends(client, "/settings/signin", name=NAME, password=new, again=new)
    assert (without.status_code, "This is not your present password." in without.text) == (422, True)
    changed = sends(client, "/settings/signin", name=NAME, old=PASSWORD, password=new, again=new)
    assert changed.status_code == 303
    assert [tries(sites.client(), password=one).status_code for one in (PASSWORD, new)] == [401, 302]
    assert client.get("/settings/shops").status_code == 200, "the visit that changed it goes on"


def test_who_lost_the_password_comes_by_a_link_and_chooses_another_within_a_quarter_of_an_hour(
    sites: Sites,
) -> None:
    sites.has_password()
    new = "eight kettles sing softly"
    client = sites.linked()
    sites.moment += sessions.FRESH + timedelta(seconds=1)
    assert sends(client, "/settings/signin", name=NAME, password=new, again=new).status_code == 422
    client = sites.linked()
    assert sends(client, "/settings/signin", name=NAME, password=new, again=new).status_code == 303
    assert tries(sites.client(), password=new).status_code == 302


def test_the_old_password_can_be_guessed_at_five_times(sites: Sites) -> None:
    sites.has_password()
    client = sites.client()
    tries(client)
    client.get("/settings/shops?lang=en")
    words = {"name": NAME, "password": "eight kettles sing softly", "again": "eight kettles sing softly"}
    said = [sends(client, "/settings/signin", old=f"guess {n}", **words).text for n in range(6)]
    assert ["not your present password" in one for one in said] == [True] * 5 + [False]
    assert "Try again in a quarter of an hour." in said[5]
    assert sends(client, "/settings/signin", old=PASSWORD, **words).status_code == 422


def test_what_would_be_guessed_or_mistyped_is_not_kept(sites: Sites) -> None:
    client = sites.linked()
    for form, told in (
        ({"name": "ab"}, "Choose a name of 3 to 80 characters"),
        ({"name": "x" * 81}, "Choose a name of 3 to 80 characters"),
        ({"name": "an\u200bna"}, "Choose a name of 3 to 80 characters"),
        ({"password": "eleven char"}, "at least 12 characters"),
        ({"password": "x7" * 65}, "At most 128 characters."),
        ({"password": "password1234"}, "would be guessed soon"),
        ({"password": "qwertyuiop12"}, "would be guessed soon"),
        ({"password": NAME}, "would be guessed soon"),
        ({"password": "comeback 2026"}, "would be guessed soon"),
        ({"again": "seven kettles sing loudly"}, "not the same as above"),
    ):
        words = {"name": NAME, "password": PASSWORD, **form}
        answer = sends(client, "/settings/signin", **{"again": words["password"], **words})
        assert (answer.status_code, told in answer.text) == (422, True), form
        assert words["password"] == NAME or words["password"] not in answer.text, "never written back"
    with sites.house.database.merchant(sites.merchant_id) as tx:
        assert logins.get(tx) is None


def test_a_name_belongs_to_one_merchant(sites: Sites) -> None:
    with sites.house.database.everyone() as connection:
        other = merchants.add(
            connection, sites.house.ring, "Other", "EUR", "Europe/Amsterdam", "en", sites.moment
        )
    sites.has_password(NAME.upper(), merchant_id=other)
    answer = sends(sites.linked(), "/settings/signin", name=NAME, password=PASSWORD, again=PASSWORD)
    assert (answer.status_code, "Somebody else signs in by this name" in answer.text) == (422, True)


def test_taken_away_a_password_opens_nothing(sites: Sites) -> None:
    sites.has_password()
    assert sends(sites.linked(), "/settings/signin/links").status_code == 303
    assert tries(sites.client()).status_code == 401


def test_neither_name_nor_password_is_written_down_anywhere(sites: Sites, written: StringIO) -> None:
    client = sites.linked()
    sends(client, "/settings/signin", name=NAME, password=PASSWORD, again=PASSWORD)
    tries(sites.client(), password="a wrong kettle sings")
    tries(sites.client())
    for _ in range(6):
        tries(sites.client(), "Bert Kwik", "another wrong kettle")
    lines = written.getvalue()
    assert lines.count("sign-in refused") == 7
    assert lines.count("signed in") == 2
    counted = sites.house.tally.take()
    results = ("link", "password", "refused", "too_many")
    assert [counted["sign_ins", f"result={one}"] for one in results] == [1, 1, 6, 1]
    rows = ""
    with sites.house.database.merchant(sites.merchant_id) as tx:
        for table in ("logins", "rates", "merchants", "spent"):
            rows += str(tx.connection.exec_driver_sql(f"SELECT to_jsonb(t) FROM {table} t").all())
    for said in (NAME, PASSWORD, "kettle", "Bert Kwik", "argon2id"):
        assert said not in lines
        assert said not in rows


def test_what_is_kept_is_argon2id_with_64_mebibytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    kept = passwords.hashed(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert passwords.fits(kept, PASSWORD)
    assert kept != passwords.hashed(PASSWORD)
    # As much work for a name that nobody has.
    assert passwords._NOBODYS.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert not passwords.fits(None, PASSWORD)


def test_the_same_letters_typed_on_another_keyboard_are_the_same_password() -> None:
    assert passwords.fits(
        passwords.hashed("drie cafe\u0301s in Ne\u0301derland"), "drie caf\u00e9s in N\u00e9derland"
    )


def test_the_count_is_of_names_and_not_of_merchants() -> None:
    assert entrance.limit_of(" Anna@X.example ") == entrance.limit_of("anna@x.example")
