"""The readers of every page of the desk and the admin; a page without an entry fails."""

import re

import pytest
from django.apps import apps
from django.urls import get_resolver

from badges.models import (
    BadgeGroup,
    Channel,
    CustomField,
    IssueReason,
    Preferences,
    RequestLog,
    Verification,
)
from badges.services.record import exports, verifications
from badges.services.request_log import Origin
from tests.factories import (
    CUSTOMER,
    BadgeMetaFactory,
    ClaimFactory,
    EarnedBadgeFactory,
    IntegratorFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

# The readers of a page: M MemberCare, S Supervisor, A Auditor, R the administrator ("root"), N
# staff without a role. An empty text means no readers.
ROLES = {"M": "MemberCare", "S": "Supervisor", "A": "Auditor", "N": None, "R": None}

DESK = {
    "desk/session/again/": "MSANR",
    "desk/": "MSANR",
    "desk/help/": "MSANR",
    "desk/hints/dismiss/": "MSANR",
    "desk/find/": "MSAR",
    "desk/find/suggestions/": "MSAR",
    "desk/customers/<int:customer_id>/": "MSAR",
    "desk/customers/<int:customer_id>/layout/": "MSAR",
    "desk/customers/<int:customer_id>/notes/": "MSAR",
    "desk/customers/<int:customer_id>/timeline/": "MSAR",
    "desk/customers/<int:customer_id>/badges/<str:badge_id>/": "MSAR",
    "desk/customers/<int:customer_id>/badges/<str:badge_id>/enrol/": "MSR",
    "desk/customers/<int:customer_id>/badges/<str:badge_id>/enrol/preview/": "MSR",
    "desk/issue/": "MSR",
    "desk/issue/preview/": "MSR",
    "desk/issue/badges/": "MSR",
    "desk/revoke/": "MSR",
    "desk/audit/": "SAR",
    "desk/audit/public-key/": "SAR",
    "desk/audit/verify/": "AR",
    "desk/audit/verifications/<int:pk>/": "AR",
    "desk/requests/<int:pk>/revoke/": "MSR",
    "desk/requests/": "MSAR",
    "desk/requests/tail/": "MSAR",
    "desk/requests/badges/": "MSAR",
    "desk/requests/actors/": "MSAR",
    "desk/requests/filters/": "MSAR",
    "desk/requests/filters/<int:pk>/share/": "MSAR",
    "desk/requests/filters/<int:pk>/delete/": "MSAR",
    "desk/requests/<int:pk>/": "MSAR",
    "desk/history/": "MSAR",
    "desk/history/<slug:kind>/": "MSAR",
    "desk/history/<slug:kind>/filters/": "MSAR",
    "desk/history/<slug:kind>/filters/<int:pk>/share/": "MSAR",
    "desk/history/<slug:kind>/filters/<int:pk>/delete/": "MSAR",
    "desk/figures/": "MSAR",
    "desk/time-zone/": "MSANR",
    "desk/exports/": "AR",
    "desk/exports/new/": "AR",
    "desk/exports/<int:pk>/": "AR",
    "desk/exports/<int:pk>/progress/": "AR",
    "desk/exports/<int:pk>/file/": "AR",
    "desk/receipts/<int:pk>/": "MSAR",
    "desk/tables/<slug:name>/": "MSAR",
    "desk/badges/": "MSAR",
    "desk/badges/new/": "SR",
    "desk/badges/<str:pk>/": "MSAR",
    "desk/badges/<str:pk>/edit/": "SR",
    "desk/badges/<str:pk>/duplicate/": "SR",
    "desk/badges/<str:pk>/switch/": "SR",
    "desk/badges/<str:pk>/claim/": "SR",
    "desk/badges/<str:pk>/unclaim/": "SR",
    "desk/groups/": "MSAR",
    "desk/groups/new/": "SR",
    "desk/groups/<str:pk>/": "MSAR",
    "desk/groups/<str:pk>/edit/": "SR",
    "desk/groups/<str:pk>/switch/": "SR",
    "desk/fields/": "MSAR",
    "desk/fields/new/": "SR",
    "desk/fields/<str:pk>/": "MSAR",
    "desk/fields/<str:pk>/edit/": "SR",
    "desk/fields/<str:pk>/disable/": "SR",
    "desk/reasons/": "MSAR",
    "desk/reasons/new/": "SR",
    "desk/reasons/<str:pk>/": "MSAR",
    "desk/reasons/<str:pk>/edit/": "SR",
    "desk/reasons/<str:pk>/switch/": "SR",
    "desk/integrators/": "SAR",
    "desk/integrators/new/": "SR",
    "desk/integrators/<int:pk>/": "SAR",
    "desk/integrators/<int:pk>/secret/": "SAR",
    "desk/integrators/<int:pk>/rotate/": "SR",
    "desk/integrators/<int:pk>/revoke/": "SR",
    "desk/people/": "SR",
    "desk/people/new/": "SR",
    "desk/people/<int:pk>/": "SR",
    "desk/people/<int:pk>/link/": "SR",
    "desk/people/<int:pk>/switch/": "SR",
    "desk/people/<int:pk>/reset/": "SR",
}


def admin_pages(model, *, view, add="", delete=""):
    """Return the admin pages of a model."""
    pages = {"": view, "add/": add, "<path:object_id>/change/": view}
    pages |= {"<path:object_id>/history/": view, "<path:object_id>/delete/": delete}
    pages |= {"<path:object_id>/": "MSANR"}  # redirects to the page of the form
    return {f"admin/{model}/{rest}": who for rest, who in pages.items()}


ADMIN = {
    "admin/": "MSANR",  # redirects to the home page
    "admin/search/": "MSANR",
    "admin/setup-codes/": "R",
    "admin/password_change/": "MSANR",
    "admin/password_change/done/": "MSANR",
    "admin/jsi18n/": "MSANR",
    **admin_pages("badges/badgemeta", view="MSAR", add="SR"),
    **admin_pages("badges/claim", view="MSAR", add="SR"),
    "admin/badges/claim/<path:object_id>/unclaim/": "SR",
    **admin_pages("badges/integrator", view="SAR", add="SR"),
    **admin_pages("auth/user", view="R", add="R"),
    "admin/auth/user/<id>/password/": "R",
    **admin_pages("auth/group", view="R", add="R", delete="R"),
}
PAGES = DESK | ADMIN

# Routes that are not pages of their own, with the reason. All others are in a table.
ELSEWHERE = {
    "desk/session/": "tells anybody about their own session (desk/test_session)",
    "admin/login/code/": "whoever gave a password, or is signed in (admin/test_second_factor)",
    "admin/second-factor/codes/": "whoever has just created them (admin/test_second_factor)",
    "admin/second-factor/": "whoever gave a password, or is signed in (admin/test_second_factor)",
    "admin/set-up/": "whoever has a set-up link (desk/people/test_people_page)",
    "admin/login/": "open to everybody (admin/test_accounts)",
    "admin/logout/": "by POST, and ends the session (admin/test_accounts)",
    "admin/autocomplete/": "asks for the right to the model that is searched",
    "admin/r/<path:content_type_id>/<path:object_id>/": "no model has a page on another site",
    "admin/^(?P<app_label>badges|auth)/$": "the overview of one app, by the rights to its models",
    "admin/(?P<url>.*)$": "what is none of the others: 404",
}
BY_POST = {
    "desk/customers/<int:customer_id>/layout/",
    "desk/hints/dismiss/",
    "desk/find/suggestions/",
    "desk/customers/<int:customer_id>/badges/<str:badge_id>/enrol/preview/",
    "desk/issue/preview/",
    "desk/issue/badges/",
    "desk/audit/verify/",
    "desk/audit/verifications/<int:pk>/",
    "desk/requests/filters/",
    "desk/requests/filters/<int:pk>/share/",
    "desk/requests/filters/<int:pk>/delete/",
    "desk/history/<slug:kind>/filters/",
    "desk/history/<slug:kind>/filters/<int:pk>/share/",
    "desk/history/<slug:kind>/filters/<int:pk>/delete/",
    "desk/tables/<slug:name>/",
    "desk/exports/new/",
    "desk/exports/<int:pk>/file/",
    "desk/badges/<str:pk>/claim/",
    "desk/badges/<str:pk>/unclaim/",
}
READING = ["READ_RECEIPT", "VERIFY", "SAVE_FILTER", "DELETE_FILTER", "SAVE_PREFERENCES"]
EACH_PAGE = pytest.mark.parametrize("page", PAGES)


def routes(patterns, path=""):
    """Yield every route of the desk and the admin."""
    for pattern in patterns:
        here = path + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern.url_patterns, here)
        elif here.startswith(("desk/", "admin/")):
            yield here


@pytest.fixture
def rows(audit_files):
    """Return one row of each model, by its part of the address."""
    badge = BadgeMetaFactory(enrolled=True, claimed=True)
    earned = EarnedBadgeFactory(badge=badge)
    user = UserFactory(role="Supervisor")
    return {
        "badges/badgemeta": badge,
        "badges/claim": ClaimFactory(),
        "badges/integrator": IntegratorFactory(),
        "auth/user": user,
        "auth/group": user.groups.get(),
        "desk/groups": BadgeGroup.objects.create(name="Gold", rank=1),
        "desk/fields": CustomField.objects.create(name="Colour", data_type="STRING"),
        "desk/reasons": IssueReason.objects.create(name="Kindness", rank=1),
        "desk/integrators": IntegratorFactory(),
        "desk/people": user,
        "desk/badges": badge,
        "desk/audit": verifications.begin(origin=Origin(channel=Channel.COMMAND)),
        "desk/exports": exports.begin_export(
            origin=Origin(channel=Channel.COMMAND), ledger="issued", format="CSV", query=""
        ),
        "desk/receipts": earned.request,
        "desk/requests": earned.request,
        "desk/history": earned.request,
    }


@pytest.fixture
def address(rows):
    """Return a function that returns the address of a page for an existing row."""

    def fill(page):
        model = "/".join(page.removeprefix("admin/").split("/")[:2])
        names = {"customer_id": CUSTOMER, "badge_id": rows["desk/badges"].pk, "kind": "issued"}
        names["name"] = "requests"
        row = rows.get(model)
        return "/" + re.sub(
            r"<(?:\w+:)?(\w+)>", lambda found: str(names.get(found[1], row and row.pk)), page
        )

    return fill


@pytest.fixture
def visit(client, address):
    """Return a function that opens a page as a user with a role."""

    def open_page(page, role=None, method=None):
        if role:
            client.force_login(UserFactory(role=ROLES[role], is_superuser=role == "R"))
        method = method or ("post" if page in BY_POST else "get")
        return getattr(client, method)(address(page))

    return open_page


def everything():
    """Return every row except those of requests, verifications, sessions and preferences."""
    tables = [
        model
        for model in apps.get_models()
        if model not in (RequestLog, Verification, Preferences)
        and model._meta.label != "sessions.Session"
    ]
    return {model: sorted(map(str, model._base_manager.values())) for model in tables}


def test_every_page_is_in_one_table():
    assert set(routes(get_resolver().url_patterns)) == {*PAGES, *ELSEWHERE}
    assert not DESK.keys() & ADMIN.keys()


@EACH_PAGE
def test_every_page_requires_a_sign_in(visit, page):
    answer = visit(page)
    assert answer.status_code == 302
    assert answer.url.startswith("/admin/login/?next=")


@EACH_PAGE
@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_open_exactly_its_pages(visit, page, role):
    answer = visit(page, role)
    if role in PAGES[page]:
        assert answer.status_code in (200, 204, 302), answer.status_code
        assert "/login/" not in answer.headers.get("Location", "")
    else:
        assert answer.status_code == 403


@EACH_PAGE
def test_an_auditor_changes_nothing_with_any_form(visit, page, rows):
    visit(page, "A")
    before = everything()

    answer = visit(page, method="post")

    assert answer.status_code in (200, 302, 403, 405)
    assert everything() == before
    assert not RequestLog.objects.filter(user__isnull=False).exclude(operation__in=READING)
