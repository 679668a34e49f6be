"""Every page that people see, in each relevant state: the table for `test_every_page`.

A new page of the desk or the admin needs rows here; without them a test fails.
"""

import re
from base64 import b32decode
from collections.abc import Callable
from dataclasses import dataclass

from django.urls import resolve

from tests.factories import PASSWORD
from tests.services.access.second_factors import code_of


@dataclass(frozen=True)
class Page:
    """One page in one state.

    The address may name rows of the scene; `steps` lead from the address to the state. `through` is
    an additional route of the steps: one that accepts only POST, or a part of the page. `user` is
    None for an anonymous user; `status` is that of the response to the address.
    """

    title: str
    address: str
    steps: Callable | None = None
    through: str = ""
    user: str | None = "root"
    status: int = 200

    @property
    def routes(self) -> set[str]:
        """Return the names of the routes that this row covers."""
        path = re.sub(r"{[^}]*}", "1", self.address.partition("?")[0])
        return {resolve(path).view_name, self.through} - {""}


# Routes that only redirect, or return a part of a page or a file.
NO_PAGES = {
    "desk:export-file",
    "desk:export-new",
    "desk:export-progress",
    "desk:hint-dismiss",
    "desk:history-forget",
    "desk:history-keep",
    "desk:history-share",
    "desk:record_key",
    "desk:requests-actors",
    "desk:requests-badges",
    "desk:requests-forget",
    "desk:requests-keep",
    "desk:requests-share",
    "desk:requests-tail",
    "desk:session",
    "desk:table",
    "desk:verify_on",
}


def press(name, then, /, **fields):
    """Return steps that fill in fields by their ids, press a button and wait for a selector."""

    def steps(page):
        for field, text in fields.items():
            page.locator(f"#id_{field}").fill(text)
        page.get_by_role("button", name=name, exact=True).last.click()
        page.wait_for_selector(then)

    return steps


def enter_code(code, then):
    """Return steps that enter `code`, or the valid code of an app if it is None."""

    def steps(page):
        key = b32decode(page.locator("#second-factor-key").inner_text().replace(" ", ""))
        page.locator("#id_code").fill(code or code_of(key.hex()))
        page.get_by_role("button", name="Check the code").click()
        page.wait_for_selector(then)

    return steps


def take_codes(page):
    """Set up a second factor, and return to its page."""
    enter_code(None, ".sign-in-codes")(page)
    page.goto("/admin/second-factor/")
    page.wait_for_selector("text=recovery codes are left")


def reset_second_factor(page):
    """Reset the second factor of the user in the list."""
    page.locator("tbody .action-select").check()
    page.locator("select[name=action]").select_option("reset_second_factor", force=True)
    page.locator("#changelist-form").evaluate("form => form.requestSubmit()")
    page.wait_for_selector("#setup-codes")


def choose(customers, then):
    """Return steps that choose the first badge for some customers."""

    def steps(page):
        page.locator("#desk-badges input").first.check()
        page.locator("#id_customer_id").fill(customers)
        page.wait_for_selector(then)

    return steps


def find(text, then):
    def steps(page):
        page.locator("#id_text").fill(text)
        page.keyboard.press("Enter")
        page.wait_for_selector(then)

    return steps


def suggested(text, then):
    """Return steps that open the search box with its shortcut, type, and choose a suggestion."""

    def steps(page):
        page.keyboard.press("Control+k")
        page.keyboard.type(text)
        page.wait_for_selector(then)
        page.keyboard.press("ArrowDown")

    return steps


def unfold(page):
    """Open every collapsed section, and select the choices that show more fields."""
    for summary in page.locator("summary:visible").all():
        summary.click()
    for option in page.locator("[value=ISSUE_EARN], [value=RELATIVE]").all():
        if option.is_visible():
            option.check()


def show_tables(page):
    for button in page.get_by_role("button", name="Table", exact=True).all():
        button.click()


def several(*all_steps):
    def steps(page):
        for each in all_steps:
            each(page)

    return steps


def show_list(page):
    """Show the badges of a customer as a list."""
    page.get_by_role("button", name="Show a list").click()
    page.wait_for_selector(".desk-badge-rows")


def open_user_menu(page):
    page.locator(".user-menu summary").press("Enter")


def choose_zone(page):
    page.get_by_label("Time zone").select_option("Asia/Kolkata")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("All times are now shown in Kolkata time.").wait_for()


def open_filters(page):
    page.get_by_role("button", name="Filters").press("Enter")
    page.wait_for_selector("#changelist-filter:visible")


NOTHING_YET = "nothing yet"
TABLES = {
    NOTHING_YET: [
        Page("home, fresh", "/desk/"),
        Page("badges, none", "/desk/badges/"),
        Page("exports, none", "/desk/exports/"),
        Page("figures, none", "/desk/figures/"),
        Page("integrators, none", "/desk/integrators/"),
        Page("customer, no badges", "/desk/customers/1001/"),
        Page("issue, no badges", "/desk/issue/"),
        Page("home, no role", "/desk/", user="nobody"),
        Page("changelist, none", "/admin/badges/badgemeta/"),
        Page("forbidden", "/desk/integrators/", user="maria", status=403),
        Page("not found", "/desk/receipts/99999999/", status=404),
        Page("malformed", "/desk/find/?q=%ff", status=400),
        Page("logged in again", "/desk/session/again/"),
        Page("home of MemberCare", "/desk/", user="maria"),
        Page("help", "/desk/help/"),
        Page("help, no role", "/desk/help/", user="nobody"),
        Page("shortcuts", "/desk/help/", several(lambda page: page.keyboard.press("?"))),
        Page("log-in", "/admin/login/", through="admin:login", user=None),
        Page(
            "log-in, code",
            "/admin/login/",
            press("Log in", "#id_code", username="paula", password=PASSWORD),
            through="sign-in-code",
            user=None,
        ),
        Page("second factor, set up", "/admin/second-factor/"),
        Page("second factor, wrong", "/admin/second-factor/", enter_code("000000", ".desk-errors")),
        Page(
            "second factor, codes",
            "/admin/second-factor/",
            enter_code(None, ".sign-in-codes"),
            user="maria",
        ),
        Page("second factor, own", "/admin/second-factor/", take_codes, user="nobody"),
        Page("second factor, reset", "/admin/auth/user/?q=nobody", reset_second_factor),
        Page("second factor, set up anew", "/admin/second-factor/", user="nobody"),
        Page(
            "log-in, wrong",
            "/admin/login/",
            press("Log in", ".errornote", username="maria", password="wrong"),
            user=None,
        ),
        Page("time zone", "/desk/time-zone/"),
        Page("time zone, chosen", "/desk/time-zone/", choose_zone),
        Page(
            "password, wrong",
            "/admin/password_change/",
            press(
                "Change password",
                ".errornote",
                old_password="wrong",
                new_password1="short",
                new_password2="other",
            ),
            through="admin:password_change",
        ),
        Page(
            "password, changed",
            "/admin/password_change/",
            press(
                "Change password",
                "text=Your password was changed",
                old_password=PASSWORD,
                new_password1=f"{PASSWORD}!",
                new_password2=f"{PASSWORD}!",
            ),
            through="admin:password_change_done",
        ),
        Page(
            "logged out",
            "/desk/",
            several(open_user_menu, press("Log out", "text=Log in again")),
            through="admin:logout",
        ),
    ],
    "customers": [
        Page("home", "/desk/"),
        Page("home as table", "/desk/", press("Table", ".chart-table")),
        Page("find", "/desk/find/"),
        Page("find, several", "/desk/find/", find("zebra", ".desk-hits")),
        Page("find, nothing", "/desk/find/", find("no such thing", "text=Nothing found")),
        Page(
            "find, suggestions",
            "/desk/issue/",
            suggested("1001", "text=Issue to 1001"),
            through="desk:find-suggestions",
        ),
        Page("find, recent", "/admin/badges/claim/", suggested("", "[role=option]")),
        Page("customer, to enrol", "/desk/customers/1001/?tab=enrol"),
        Page("customer, to issue", "/desk/customers/1001/?tab=issue"),
        Page("customer, issued", "/desk/customers/1001/?tab=issued"),
        Page("customer, expired", "/desk/customers/1001/?tab=expired"),
        Page("customer, unknown", "/desk/customers/777/?tab=enrol"),
        Page(
            "customer, as a list",
            "/desk/customers/1001/?tab=issue",
            show_list,
            "desk:customer_layout",
        ),
        Page("customer, noted", "/desk/customers/1001/"),
        Page("notes", "/desk/customers/1001/notes/"),
        Page("notes, none", "/desk/customers/777/notes/"),
        Page(
            "note, wrong",
            "/desk/customers/777/notes/",
            press("Add note", "#id_text_error"),
        ),
        Page("timeline of all badges", "/desk/customers/1001/timeline/"),
        Page("timeline of all badges, empty", "/desk/customers/777/timeline/"),
        Page("timeline", "/desk/customers/1001/badges/{badge.pk}/"),
        Page("timeline, revoked", "/desk/customers/1/badges/{badge.pk}/"),
        Page("timeline, empty", "/desk/customers/777/badges/{badge.pk}/"),
        Page("enrol", "/desk/customers/777/badges/{enrolled.pk}/enrol/"),
        Page(
            "enrol, previewed",
            "/desk/customers/777/badges/{enrolled.pk}/enrol/",
            press("Check", "#desk-panel >> text=Code 816", event_at="2019-01-01T00:00"),
            through="desk:enrol_preview",
        ),
        Page(
            "enrol, refused",
            "/desk/customers/1001/badges/{enrolled.pk}/enrol/",
            press("Enrol", ".desk-verdict-head:focus"),
        ),
    ],
    "issuing": [
        Page("issue", "/desk/issue/"),
        Page(
            "issue, searched",
            "/desk/issue/",
            press("Find", "text=No badge matches", search="no such"),
            through="desk:badges",
        ),
        Page(
            "issue, possible",
            "/desk/issue/?badge={enrolled.pk}",
            choose("1001", "#desk-panel >> text=Can be issued"),
            through="desk:preview",
        ),
        Page(
            "issue, to confirm",
            "/desk/issue/?badge={badge.pk}",
            choose("777", "#desk-panel [type=checkbox]"),
        ),
        Page(
            "issue, refused before",
            "/desk/issue/?badge={badge.pk}",
            choose("1001", "#desk-panel >> text=Code 2001"),
        ),
        Page("issue, several", "/desk/issue/", choose("1001 5 9000", "#desk-panel .desk-lines")),
        Page(
            "issue, wrong",
            "/desk/issue/",
            several(
                choose("12a", "text=digits only"), press("Issue badge", "#id_customer_id_error")
            ),
        ),
        Page("issue again", "/desk/issue/?reissue_of={given.pk}"),
        Page("receipt", "/desk/receipts/{one.request_id}/"),
        Page("receipt of several", "/desk/receipts/{bulk.pk}/"),
        Page("receipt, revoked", "/desk/receipts/{revocation.pk}/"),
        Page("receipt of one revoked", "/desk/receipts/{given.request_id}/"),
        Page("revoke", "/desk/revoke/"),
        Page("revoke, wrong", "/desk/revoke/", press("Check", ".desk-errors", pasted="x y")),
        Page(
            "revoke, of a customer",
            "/desk/revoke/",
            press("Check", "text=Which badges should be revoked?", pasted="1001"),
        ),
        Page("revoke, dry run", "/desk/revoke/?earned={one.pk}&earned={given.pk}"),
        Page(
            "revoke, no reason",
            "/desk/revoke/?earned={one.pk}",
            several(
                lambda page: page.locator("[value=Other]").check(),
                press("Revoke 1 badge", "#id_reason_error"),
            ),
        ),
        Page("revoke a request", "/desk/requests/{bulk.pk}/revoke/"),
    ],
    "definitions": [
        Page("badges", "/desk/badges/"),
        Page("badges, last page", "/desk/badges/?page=2"),
        Page("badges, none matches", "/desk/badges/?text=no+such"),
        Page("badge", "/desk/badges/{badge.pk}/"),
        Page("badge, unfolded", "/desk/badges/{badge.pk}/", unfold),
        Page("badge, inactive", "/desk/badges/{inactive.pk}/"),
        Page(
            "badge, claim refused",
            "/desk/badges/{badge.pk}/",
            several(
                lambda page: page.locator("#id_owner_type").select_option("Loyalty"),
                press("Claim", ".desk-claim .desk-errors", reference_id=" "),
            ),
            through="desk:definition-claim",
        ),
        Page(
            "badge, unclaimed",
            "/desk/badges/{badge.pk}/",
            several(unfold, press("Remove the claim", "text=was removed")),
            through="desk:definition-unclaim",
        ),
        Page("badge, new, unfolded", "/desk/badges/new/", unfold),
        Page("badge, new, wrong", "/desk/badges/new/", press("Create badge", ".desk-errors")),
        Page("badge, edit", "/desk/badges/{badge.pk}/edit/"),
        Page("badge, edit before it starts", "/desk/badges/{upcoming.pk}/edit/"),
        Page("badge, duplicate", "/desk/badges/{badge.pk}/duplicate/"),
        Page("badge, deactivate", "/desk/badges/{badge.pk}/switch/"),
        Page("badge, activate", "/desk/badges/{inactive.pk}/switch/"),
    ],
    "integrators": [
        Page("integrators", "/desk/integrators/"),
        Page("integrator, limited", "/desk/integrators/{rotated.pk}/"),
        Page("integrator, revoked", "/desk/integrators/{ended.pk}/"),
        Page("integrator, new", "/desk/integrators/new/"),
        Page(
            "integrator, wrong",
            "/desk/integrators/new/",
            press("Create integrator", "#id_name_error"),
        ),
        Page(
            "integrator, secret",
            "/desk/integrators/new/",
            press("Create integrator", "#client-secret", name="New one"),
            through="desk:integrator-secret",
        ),
        Page("integrator, rotate", "/desk/integrators/{rotated.pk}/rotate/"),
        Page(
            "integrator, rotated",
            "/desk/integrators/{integrator.pk}/rotate/",
            press("Make a new secret", "#client-secret"),
        ),
        Page("integrator, revoke", "/desk/integrators/{integrator.pk}/revoke/"),
    ],
    "people": [
        Page("people", "/desk/people/"),
        Page("people, none matches", "/desk/people/?q=no+such"),
        Page("person", "/desk/people/{maria.pk}/"),
        Page("person, oneself", "/desk/people/{root.pk}/"),
        Page("person, new", "/desk/people/new/"),
        Page("person, wrong", "/desk/people/new/", press("Create person", "#id_username_error")),
        Page(
            "person, link",
            "/desk/people/new/",
            press("Create person", "#setup-link", username="nina"),
            through="desk:person-link",
        ),
        Page("person, deactivate", "/desk/people/{maria.pk}/switch/"),
        Page("person, reset", "/desk/people/{maria.pk}/reset/"),
        Page("set-up", "/admin/set-up/", user=None),
        Page(
            "set-up, wrong",
            "/admin/set-up/",
            press(
                "Set password",
                "#id_code_error",
                code="used",
                password1=PASSWORD,
                password2=PASSWORD,
            ),
            user=None,
        ),
    ],
    "ledgers": [
        Page("requests", "/desk/requests/"),
        Page("requests, filtered", "/desk/requests/?outcome=REFUSED"),
        Page("requests of a period", "/desk/requests/?period=this-month&sort=time"),
        Page("requests, wrong", "/desk/requests/?customer_id=x"),
        Page("requests, none", "/desk/requests/?request_id=no+such"),
        Page("request", "/desk/requests/{bulk.pk}/"),
        Page("request, refused", "/desk/requests/{refused.pk}/"),
        Page("history", "/desk/history/issued/"),
        Page("history by customer", "/desk/history/issued/?sort=customer"),
        Page("history of enrolments", "/desk/history/enrolments/"),
        Page("history of revocations", "/desk/history/revoked/"),
        Page("history of definitions", "/desk/history/definitions/"),
        Page("figures", "/desk/figures/"),
        Page("figures as tables", "/desk/figures/", show_tables),
        Page("figures, wrong", "/desk/figures/?since=2026-02-01&until=2026-01-01"),
        Page("exports", "/desk/exports/"),
        Page("export, broken off", "/desk/exports/{broken.pk}/"),
        Page("export, finished", "/desk/exports/{fetched.pk}/"),
        Page("record", "/desk/audit/"),
        Page(
            "record, verified",
            "/desk/audit/",
            press("Verify everything now", "text=Nothing was altered"),
            through="desk:verify",
        ),
    ],
    "display": [
        Page("groups", "/desk/groups/"),
        Page("group", "/desk/groups/{shelf.pk}/"),
        Page("group, new", "/desk/groups/new/"),
        Page("group, edit", "/desk/groups/{shelf.pk}/edit/"),
        Page("group, disable", "/desk/groups/{shelf.pk}/switch/"),
        Page("fields", "/desk/fields/"),
        Page("field", "/desk/fields/{field.pk}/"),
        Page("field, new", "/desk/fields/new/"),
        Page("field, edit", "/desk/fields/{field.pk}/edit/"),
        Page("field, disable", "/desk/fields/{field.pk}/disable/"),
        Page("reasons", "/desk/reasons/"),
        Page("reason", "/desk/reasons/{reason.pk}/"),
        Page("reason, new", "/desk/reasons/new/"),
        Page("reason, edit", "/desk/reasons/{reason.pk}/edit/"),
        Page("reason, disable", "/desk/reasons/{reason.pk}/switch/"),
    ],
    "admin lists": [
        Page("app", "/admin/badges/"),
        Page("admin badges", "/admin/badges/badgemeta/"),
        Page("admin badges, found", "/admin/badges/badgemeta/?q=early&active__exact=1"),
        Page("admin claims", "/admin/badges/claim/"),
        Page("admin integrators", "/admin/badges/integrator/"),
        Page("users", "/admin/auth/user/"),
        Page("groups", "/admin/auth/group/"),
    ],
    "admin pages": [
        Page("admin badge", "/admin/badges/badgemeta/{badge.pk}/change/"),
        Page("admin badge, read", "/admin/badges/badgemeta/{badge.pk}/change/", user="maria"),
        Page("admin badge, history", "/admin/badges/badgemeta/{badge.pk}/history/"),
        Page("admin badge, wrong", "/admin/badges/badgemeta/add/", press("Save", ".errornote")),
        Page("admin claim", "/admin/badges/claim/{claim.pk}/change/"),
        Page("admin claim, wrong", "/admin/badges/claim/add/", press("Save", ".errornote")),
        Page("admin unclaim", "/admin/badges/claim/{claim.pk}/unclaim"),
    ],
    "access": [
        Page("admin integrator", "/admin/badges/integrator/{rotated.pk}/change/"),
        Page("admin integrator, new", "/admin/badges/integrator/add/"),
        Page(
            "admin integrator, secret",
            "/admin/badges/integrator/add/",
            press("Save", "#client-secret", name="Another"),
        ),
        Page("user", "/admin/auth/user/{root.pk}/change/"),
        Page("user, wrong", "/admin/auth/user/add/", press("Save", ".errornote")),
        Page("user, history", "/admin/auth/user/{root.pk}/history/"),
        Page("user, password", "/admin/auth/user/{root.pk}/password/"),
        Page("group, new", "/admin/auth/group/add/"),
        Page("group", "/admin/auth/group/{group.pk}/change/"),
    ],
}
