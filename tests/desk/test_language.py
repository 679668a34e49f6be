"""The language of the desk: selected in the menu; used for texts, dates and numbers."""

from datetime import UTC, datetime
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.urls import Resolver404, resolve
from django.utils import translation

from badges.models import EarnedBadge, Limit, LimitKind, LimitLevel, RefusedItem, RequestLog
from badges.services.customers.revoke import revoke_many
from badges.services.earning.earn import earn_badges
from tests.factories import (
    PASSWORD,
    BadgeMetaFactory,
    BadgeRevisionFactory,
    EarnedBadgeFactory,
    EnrolmentFactory,
    RequestLogFactory,
)

pytestmark = pytest.mark.django_db

SWITCH = "/i18n/setlang/"
FIRST_PAGES = ["/desk/", "/desk/find/", "/admin/password_change/"]
INACTIVE = "The badge is inactive or has not begun."
INACTIVE_IN_GERMAN = "Das Badge ist inaktiv oder hat noch nicht begonnen."
# Names, which are not translated.
# Names in the database, and of languages.
NAMES = {"Default", "English", "Other"}
FAR = datetime(2096, 11, 22, 15, 4, tzinfo=UTC)


@pytest.fixture
def german(desk):
    """Return the client of a desk user who has switched to German."""
    desk.post(SWITCH, {"language": "de"})
    return desk


class Texts(HTMLParser):
    """A parser for the texts of a page, without icon names, and for its links."""

    def __init__(self, page):
        super().__init__()
        self.texts, self.links, self.language, self.silent = set(), [], "", ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "html":
            self.language = given["lang"]
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag in ("script", "style", "code") or "material-symbols" in (given.get("class") or ""):
            self.silent = tag
        said = {given.get(name) for name in ("aria-label", "placeholder", "title")}
        self.texts |= {text.strip() for text in said if text}

    def handle_endtag(self, tag):
        if tag == self.silent:
            self.silent = ""

    def handle_data(self, data):
        if text := " ".join(data.split()):
            self.texts |= set() if self.silent else {text}


@pytest.mark.parametrize("page", FIRST_PAGES)
def test_a_page_is_in_english_by_default(desk, page):
    assert Texts(desk.get(page).text).language == "en"
    assert Texts(desk.get(page, headers={"accept-language": "fr"}).text).language == "en"
    assert Texts(desk.get(page, headers={"accept-language": "de-AT"}).text).language == "de"


def test_the_menu_switches_the_language_for_as_long_as_the_browser_keeps_it(desk):
    home = desk.get("/desk/")
    assert f'action="{SWITCH}"' in home.text
    assert 'name="language" value="de" lang="de">Deutsch<' in home.text

    answer = desk.post(SWITCH, {"language": "de"}, headers={"referer": "http://testserver/desk/"})

    assert answer.url == "http://testserver/desk/"
    assert answer.cookies["django_language"]["max-age"] == 365 * 24 * 60 * 60
    page = desk.get("/desk/")
    assert Texts(page.text).language == "de"
    assert {"Heute vergeben", "Startseite", "Abmelden"} <= Texts(page.text).texts
    assert 'value="de" lang="de" aria-current="true"' in page.text


def test_the_log_in_page_has_the_switch(client):
    client.post(SWITCH, {"language": "de"})

    page = Texts(client.get("/admin/login/").text)

    assert {"Willkommen zurück bei", "Benutzername", "Anmelden", "English"} <= page.texts


@pytest.mark.parametrize("language", ["fr", "xx", "", "../de"])
def test_there_is_no_other_language(desk, language):
    desk.post(SWITCH, {"language": language})

    assert Texts(desk.get("/desk/").text).language == "en"


def test_a_log_out_keeps_the_language(client, member_care):
    client.post(SWITCH, {"language": "de"})
    log_in = {"username": "maria", "password": PASSWORD}
    client.post("/admin/login/?next=/desk/", log_in)
    client.post("/admin/logout/")

    assert Texts(client.get("/admin/login/").text).language == "de"


def test_dates_and_numbers_follow_the_language(desk):
    limit = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1234)
    badge = BadgeMetaFactory(name="Often", limits=[limit], expires_at=FAR)
    english = desk.get("/desk/customers/1001/").text
    rules = desk.get(f"/desk/badges/{badge.pk}/").text
    desk.post(SWITCH, {"language": "de"})
    german = desk.get("/desk/customers/1001/").text

    assert ">22 Nov 2096<" in english
    assert 'title="22 Nov 2096, 15:04 UTC"' in english
    assert "1,234 of 1,234 left" in english
    assert "at most 1,234 times" in rules
    assert ">22. Nov. 2096<" in german
    assert 'title="22. Nov. 2096, 15:04 UTC"' in german
    assert "noch 1.234 von 1.234 frei" in german
    assert "höchstens 1.234-mal" in desk.get(f"/desk/badges/{badge.pk}/").text


def test_machine_readable_values_of_a_german_page_are_not_translated(german, live_badge):
    EarnedBadgeFactory.create_batch(3, badge=live_badge)
    customer = german.get("/desk/customers/1001/").text
    home = german.get("/desk/").text

    assert '<time datetime="2020-01-01T00:00:00Z"' in customer
    assert f'value="{live_badge.pk}"' in customer
    assert "since=20" in home  # links use ISO 8601 dates in every language


def test_a_refusal_is_shown_in_german_and_recorded_in_english(german, filled, live_badge):
    live_badge.active = False
    live_badge.save()

    page = german.post("/desk/issue/", filled()).text

    assert INACTIVE_IN_GERMAN in page
    assert INACTIVE not in page
    row = RequestLog.objects.get()
    assert row.errors == [{"code": 815, "message": INACTIVE}]
    assert not EarnedBadge.objects.exists()
    timeline = german.get(f"/desk/customers/1001/badges/{live_badge.pk}/").text
    assert INACTIVE_IN_GERMAN in timeline


def test_a_refused_customer_of_a_list_is_recorded_in_english(german, desk_origin, enrolled_badge):
    call = {"badge_id": enrolled_badge.pk, "customer_ids": [1, 2], "request_id": "list"}
    with translation.override("de"):
        result = earn_badges(origin=desk_origin, **call)

    recorded = "The customer has no enrolment that covers the event date."
    assert list(RefusedItem.objects.values_list("message", flat=True)) == [recorded] * 2
    receipt = german.get(f"/desk/receipts/{result.request.pk}/").text
    assert "Der Kunde hat keine Einschreibung, die das Ereignisdatum umfasst." in receipt


def test_a_refusal_with_values_is_recorded_in_english(german, live_badge):
    unknown = "0" * 24
    earned = EarnedBadgeFactory(badge=live_badge)
    form = german.post("/desk/revoke/", {"earned": [earned.pk, unknown]})
    why = form.context["reason_form"]
    sent = {"earned": [earned.pk, unknown], "because": "Fraud", "reason": "", "confirm": "yes"}

    german.post("/desk/revoke/", sent | {"request_id": why.id_to_send})

    assert f"Es gibt kein vergebenes Badge {unknown}." in form.text
    assert RefusedItem.objects.get().message == f"There is no issued badge {unknown}."
    row = RequestLog.objects.exclude(reason="").get()
    assert row.reason == "Fraud"


@pytest.fixture
def everything(live_badge, earn, desk_origin, supervisor):
    """Create one row of each kind that has a page. Return the addresses to start from."""
    BadgeRevisionFactory(badge=live_badge)
    EnrolmentFactory()
    BadgeMetaFactory(name="Enrol me", enrolled=True)
    again, taken_back = earn(live_badge), earn(live_badge)
    EarnedBadgeFactory(badge=live_badge, reissue_of=taken_back, request=again.request)
    revoke_many(origin=desk_origin, request_id="back", earned_badge_ids=[taken_back.pk])
    RequestLogFactory(refused=True, badge=live_badge, user=supervisor)
    BadgeMetaFactory(name="Switched off", inactive=True)
    BadgeMetaFactory(name="Over", expired=True)
    customer = "/desk/customers/1001/"
    tabs = [f"{customer}?tab={tab}" for tab in ("enrol", "issue", "issued", "expired")]
    requests = RequestLog.objects.filter(request_id__in=[again.request.request_id, "back"])
    receipts = [f"/desk/receipts/{row.pk}/" for row in requests]
    return [*FIRST_PAGES, *tabs, *receipts]


def test_every_page_is_german(client, everything):
    client.force_login(User.objects.create_superuser("chief"))
    client.post(SWITCH, {"language": "de"})
    no_pages = {"set_language", "admin:logout", "desk:record_key"}
    addresses, seen, remains = list(everything), no_pages, {}
    for address in addresses:  # grows by the links of each page
        answer = client.get(address, follow=True)
        assert answer.status_code == 200, address
        page = Texts(answer.text)
        assert page.language == "de", address
        if english := {text for text in page.texts if is_english(text)}:
            remains[address] = english
        new = {view_of(link): link for link in page.links if view_of(link) not in seen}
        addresses += new.values()
        seen |= new.keys()

    assert remains == {}
    assert {"desk:enrol", "desk:definition-edit", "desk:request"} <= seen


def view_of(address):
    """Return the view name of an address of the desk or admin, otherwise `set_language`."""
    parts = urlsplit(address)
    try:
        found = resolve(parts.path) if parts.path.startswith(("/desk/", "/admin/")) else None
    except Resolver404:
        found = None
    return found.view_name if found else "set_language"


def is_english(text):
    """Return whether the catalogue translates the text to a different one."""
    with translation.override("de"):
        return translation.gettext(text) != text and text not in NAMES
