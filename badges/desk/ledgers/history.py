"""Views of the history: issues, enrolments, revocations and definitions, with the same filters."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from typing import TYPE_CHECKING

from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from badges.audit import history as books
from badges.audit.reading import Found
from badges.desk.access import show, staff_page
from badges.desk.customers.links import timeline_url
from badges.desk.customers.timeline import FACT_PILLS
from badges.desk.ledgers import saved
from badges.desk.ledgers.fact_tables import CUSTOMER, fact_table
from badges.desk.ledgers.forms import (
    DefinitionForm,
    EnrolmentForm,
    IssuedForm,
    LedgerForm,
    NameForm,
    RevocationForm,
)
from badges.desk.ledgers.pages import TIME, Page, in_order, page_of, pager_of
from badges.desk.ledgers.selections import actions_of
from badges.desk.tables.table import Sort, Table
from badges.models import BadgeRevision
from badges.models.values import required
from badges.selectors.revisions import changes, with_before

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, kw_only=True)
class LedgerPage:
    """One page of the history: its permission, its rows and its texts."""

    slug: str
    label: "StrOrPromise"
    icon: str
    right: str
    book: books.LedgerQuery
    form: type[LedgerForm]
    nothing: "StrOrPromise"
    table: Table | None = None

    @property
    def address(self) -> str:
        return reverse("desk:history", args=[self.slug])

    @property
    def is_of_definitions(self) -> bool:
        return self.book.model is BadgeRevision

    def sorts(self, form: LedgerForm) -> list[str]:
        """Return the columns by which an index has the rows that a form lists."""
        by_customer = self.book.by_customer and not form.chips
        return [TIME, CUSTOMER] if by_customer else [TIME]


LEDGER_PAGES = [
    LedgerPage(
        slug="issued",
        label=gettext_lazy("Issued"),
        icon="workspace_premium",
        right="badges.view_earnedbadge",
        book=books.ISSUED,
        form=IssuedForm,
        nothing=gettext_lazy("No badge was issued yet"),
        table=fact_table("issued", gettext_lazy("Issued"), "badges.view_earnedbadge"),
    ),
    LedgerPage(
        slug="enrolments",
        label=gettext_lazy("Enrolments"),
        icon="how_to_reg",
        right="badges.view_enrolment",
        book=books.ENROLMENTS,
        form=EnrolmentForm,
        nothing=gettext_lazy("Nobody was enrolled yet"),
        table=fact_table("enrolments", gettext_lazy("Enrolments"), "badges.view_enrolment"),
    ),
    LedgerPage(
        slug="revoked",
        label=gettext_lazy("Revoked badges"),
        icon="undo",
        right="badges.view_earnedbadge",
        book=books.REVOKED,
        form=RevocationForm,
        nothing=gettext_lazy("No badge was revoked yet"),
        table=fact_table("revoked", gettext_lazy("Revoked badges"), "badges.view_earnedbadge"),
    ),
    LedgerPage(
        slug="revoked-enrolments",
        label=gettext_lazy("Revoked enrolments"),
        icon="person_remove",
        right="badges.view_enrolment",
        book=books.REVOKED_ENROLMENTS,
        form=RevocationForm,
        nothing=gettext_lazy("No enrolment was revoked yet"),
        table=fact_table(
            "revoked-enrolments", gettext_lazy("Revoked enrolments"), "badges.view_enrolment"
        ),
    ),
    LedgerPage(
        slug="definitions",
        label=gettext_lazy("Badge definitions"),
        icon="military_tech",
        right="badges.view_badgerevision",
        book=books.DEFINITIONS,
        form=DefinitionForm,
        nothing=gettext_lazy("No badge was defined yet"),
    ),
]
BY_SLUG = {kind.slug: kind for kind in LEDGER_PAGES}


def of_kind(view):
    """Require the permission of the kind in the URL; raise Http404 for an unknown kind."""

    @wraps(view)
    def page(request, kind=LEDGER_PAGES[0].slug, **more):
        if kind not in BY_SLUG:
            raise Http404
        return staff_page(BY_SLUG[kind].right)(view)(request, BY_SLUG[kind], **more)

    return page


@require_safe
@of_kind
def index(request, kind):
    """List the rows of one kind that match the filters."""
    form = kind.form(request.GET)
    context = {
        "title": _("Issuance history"),
        "subtitle": kind.label,
        "kind": kind,
        "ledger": kind.slug,
        "kinds": [each for each in LEDGER_PAGES if request.user.has_perm(each.right)],
        "form": form,
        "name_form": NameForm(),
        "saved": saved.saved_filters(request, kind.slug),
        "address": kind.address,
        **_listed(request, kind, form),
    }
    return show(request, "desk/ledgers/history.html", context)


@require_POST
@of_kind
def save(request, kind):
    """Save the filters under a name."""
    return saved.save_view(request, kind.form, ledger=kind.slug, address=kind.address)


@require_POST
@of_kind
def share(request, kind, pk):
    """Share a saved filter, or stop sharing it."""
    return saved.share_view(request, pk, address=kind.address)


@require_POST
@of_kind
def delete(request, kind, pk):
    """Delete a saved filter."""
    return saved.delete_view(request, pk, address=kind.address)


def _listed(request, kind: LedgerPage, form: LedgerForm) -> dict:
    """Return the requested page with its rows; an empty page if the form is invalid."""
    if not form.is_valid():
        return {"page": Page(), "rows": []}
    sort = _sort(kind, form)
    read, key = _reader(kind, form, sort)
    page = page_of(
        request.GET,
        form,
        read,
        key=key,
        hex_ids=not kind.is_of_definitions,
        ascending=not sort.descending,
    )
    show_row = _revision if kind.is_of_definitions else _fact
    rows = [show_row(row, kind) for row in in_order(_rows(kind), page.pks)]
    return {
        "page": page,
        "pager": pager_of(page, form, address=kind.address, sort=sort),
        "rows": rows,
        "table": kind.table and _shown(request, kind, form, rows, sort),
    }


def _sort(kind: LedgerPage, form: LedgerForm) -> Sort:
    if kind.table is None:
        return Sort(TIME, descending=True)
    return kind.table.sort_of(form.query.get("sort", ""), kind.sorts(form))


def _reader(
    kind: LedgerPage, form: LedgerForm, sort: Sort
) -> tuple[Callable[..., Found], tuple[str, ...]]:
    """Return the function that reads the rows in an order, and the key of this order."""
    if sort.column == CUSTOMER:
        return kind.book.read_by_customer, kind.book.by_customer
    return partial(kind.book.read, form.filters), kind.book.key_for(form.filters)


def _shown(request, kind: LedgerPage, form: LedgerForm, rows: list[dict], sort: Sort):
    return required(kind.table).show(
        request.user,
        rows,
        key=lambda row: row["fact"].pk,
        sort=sort,
        sorts=kind.sorts(form),
        url_of=lambda order: f"{kind.address}?{form.with_query(sort=order)}",
        actions=actions_of(request.user, of_issued_badges=kind.book is books.ISSUED),
    )


def _rows(kind: LedgerPage):
    """Return all rows of the kind, with the related rows that the list shows."""
    cause = kind.book.cause
    rows = kind.book.model._default_manager.select_related(
        "badge", *(f"{cause}__{each}" for each in ("integrator", "user", "stated"))
    )
    rows = rows.defer(f"{cause}__content", f"{cause}__errors")
    return with_before(rows) if kind.is_of_definitions else rows


def _fact(fact, kind: LedgerPage) -> dict:
    return {
        "fact": fact,
        "at": getattr(fact, kind.book.time_column),
        "cause": getattr(fact, kind.book.cause),
        "pill": FACT_PILLS[fact.status(timezone.now())],
        "timeline": timeline_url(fact),
    }


def _revision(revision, kind: LedgerPage) -> dict:
    return {
        "revision": revision,
        "cause": revision.request,
        "changes": changes(revision.before or {}, revision.snapshot),
    }
