"""What was issued, enrolled, revoked and defined: one page for each kind, with the same filters."""

from dataclasses import dataclass
from functools import partial, wraps

from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from badges.audit import history as books
from badges.desk.access import show, staff_page
from badges.desk.find import timeline_url
from badges.desk.ledgers import saved
from badges.desk.ledgers.forms import (
    DefinitionForm,
    EnrolmentForm,
    IssuedForm,
    LedgerForm,
    NameForm,
    RevocationForm,
)
from badges.desk.ledgers.pages import Page, in_order, page_of
from badges.desk.timeline import FACT_STANDINGS
from badges.history import changes, with_before
from badges.models import BadgeRevision


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One page of the history: who may open it, and what it lists."""

    slug: str
    label: str
    icon: str
    right: str
    book: books.Book
    form: type[LedgerForm]
    nothing: str

    @property
    def address(self) -> str:
        return reverse("desk:history", args=[self.slug])

    @property
    def is_of_definitions(self) -> bool:
        return self.book.model is BadgeRevision


KINDS = [
    Kind(
        slug="issued",
        label=gettext_lazy("Issued"),
        icon="workspace_premium",
        right="badges.view_earnedbadge",
        book=books.ISSUED,
        form=IssuedForm,
        nothing=gettext_lazy("No badge was issued yet"),
    ),
    Kind(
        slug="enrolments",
        label=gettext_lazy("Enrolments"),
        icon="how_to_reg",
        right="badges.view_enrolment",
        book=books.ENROLMENTS,
        form=EnrolmentForm,
        nothing=gettext_lazy("Nobody was enrolled yet"),
    ),
    Kind(
        slug="revoked",
        label=gettext_lazy("Revoked badges"),
        icon="undo",
        right="badges.view_earnedbadge",
        book=books.REVOKED,
        form=RevocationForm,
        nothing=gettext_lazy("No badge was revoked yet"),
    ),
    Kind(
        slug="revoked-enrolments",
        label=gettext_lazy("Revoked enrolments"),
        icon="person_remove",
        right="badges.view_enrolment",
        book=books.REVOKED_ENROLMENTS,
        form=RevocationForm,
        nothing=gettext_lazy("No enrolment was revoked yet"),
    ),
    Kind(
        slug="definitions",
        label=gettext_lazy("Badge definitions"),
        icon="military_tech",
        right="badges.view_badgerevision",
        book=books.DEFINITIONS,
        form=DefinitionForm,
        nothing=gettext_lazy("No badge was defined yet"),
    ),
]
BY_SLUG = {kind.slug: kind for kind in KINDS}


def of_kind(view):
    """Ask for the right of the kind that an address names; of no kind there is no page."""

    @wraps(view)
    def page(request, kind=KINDS[0].slug, **more):
        if kind not in BY_SLUG:
            raise Http404
        return staff_page(BY_SLUG[kind].right)(view)(request, BY_SLUG[kind], **more)

    return page


@require_safe
@of_kind
def index(request, kind):
    """The rows of one kind, narrowed by the filters."""
    form = kind.form(request.GET)
    context = {
        "title": _("Issuance history"),
        "kind": kind,
        "ledger": kind.slug,
        "kinds": [each for each in KINDS if request.user.has_perm(each.right)],
        "form": form,
        "name_form": NameForm(),
        "saved": saved.saved_filters(request, kind.slug),
        "address": kind.address,
        **_listed(request, kind, form),
    }
    return show(request, "desk/ledgers/history.html", context)


@require_POST
@of_kind
def keep(request, kind):
    """Keep the filters under a name."""
    return saved.keep(request, kind.form, ledger=kind.slug, address=kind.address)


@require_POST
@of_kind
def forget(request, kind, pk):
    """Delete a filter that was kept."""
    return saved.forget(request, pk, address=kind.address)


def _listed(request, kind: Kind, form: LedgerForm) -> dict:
    """Return the page that is asked for, with its rows; nothing while the form is wrong."""
    if not form.is_valid():
        return {"page": Page(), "rows": []}
    asked = form.asked
    page = page_of(
        request.GET,
        form,
        partial(kind.book.read, asked),
        key=kind.book.key_for(asked),
        hex_ids=not kind.is_of_definitions,
    )
    show_row = _revision if kind.is_of_definitions else _fact
    return {"page": page, "rows": [show_row(row, kind) for row in in_order(_rows(kind), page.pks)]}


def _rows(kind: Kind):
    """Return everything of the kind with what a row shows of it."""
    cause = kind.book.cause
    rows = kind.book.model.objects.select_related("badge", f"{cause}__integrator", f"{cause}__user")
    rows = rows.defer(f"{cause}__content", f"{cause}__errors")
    return with_before(rows) if kind.is_of_definitions else rows


def _fact(fact, kind: Kind) -> dict:
    return {
        "fact": fact,
        "moment": getattr(fact, kind.book.moment),
        "cause": getattr(fact, kind.book.cause),
        "standing": FACT_STANDINGS[fact.status(timezone.now())],
        "timeline": timeline_url(fact),
    }


def _revision(revision, kind: Kind) -> dict:
    return {
        "revision": revision,
        "cause": revision.request,
        "changes": changes(revision.before or {}, revision.snapshot),
    }
