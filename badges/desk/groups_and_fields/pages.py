"""The pages that groups, custom fields and reasons for issuing have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import Http404
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from badges.desk.access import require_form_methods, show, staff_page
from badges.desk.parts.pager import PAGE_SIZE, paginate
from badges.desk.parts.picker import Pill
from badges.desk.parts.problems import focus_on_fault
from badges.desk.parts.switching import switch_as_shown
from badges.edit_forms import EditForm
from badges.errors import BadgeError
from badges.forms import origin_of, posted_data
from badges.paging import count_of, count_rows, counted, is_cut
from badges.services.versions import version_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

ACTIVE = Pill("good", "check_circle", gettext_lazy("Active"))
DISABLED = Pill("off", "block", gettext_lazy("Disabled"))


class RowPages(ABC):
    """The pages of one model: the list, one row with its uses, and the forms.

    `name` is the name of the page of a row; the names of the other pages, the templates and the
    argument of the services are derived from it. `use` is the model whose rows refer to a
    row, by the column `name`. `find_row` returns a row by its key or raises BadgeError, `uses_of`
    returns the rows that refer to a row, and `create` and `update` are services.
    """

    name: str
    model: type[Model]
    use: type[Model]
    form_class: type[EditForm]
    new_title: "StrOrPromise"
    create_label: "StrOrPromise"
    uses_title: "StrOrPromise"
    find_row: Callable[[str], Any]
    uses_of: Callable[[Any], QuerySet]
    create: Callable[..., Model]
    update: Callable[..., Model]

    @abstractmethod
    def find(self, request) -> tuple[QuerySet, dict[str, Any]]:
        """Return the rows of the list, and the context of its page."""

    @abstractmethod
    def describe(self, row: Any) -> dict[str, Any]:
        """Return the context of a row."""

    @abstractmethod
    def describe_use(self, use: Any) -> dict[str, Any]:
        """Return the context of a use of a row."""

    @property
    def urls(self) -> list:
        name = self.name
        return [
            path(f"{name}s/", self.page("view", self.index), name=f"{name}s"),
            path(f"{name}s/new/", self.form_page("add", self.new), name=f"{name}-new"),
            path(f"{name}s/<str:pk>/", self.page("view", self.detail), name=name),
            path(
                f"{name}s/<str:pk>/edit/", self.form_page("change", self.edit), name=f"{name}-edit"
            ),
        ]

    def page(self, action: str, view):
        """Return a view as a page for users with the permission for an action on the model."""
        return require_safe(self._guarded(action, view))

    def form_page(self, action: str, view):
        """Return a view as a page that also accepts a form."""
        return require_form_methods(self._guarded(action, view))

    def _guarded(self, action: str, view):
        return staff_page(f"badges.{action}_{self.model._meta.model_name}")(view)

    def index(self, request):
        """List the rows, with the number of their uses."""
        found, context = self.find(request)
        found = found.annotate(use_count=count_of(self.use, self.name, on_a_page=PAGE_SIZE))
        page, pager = paginate(found, request.GET)
        rows = [self.describe(row) | {"uses": counted(row.use_count, PAGE_SIZE)} for row in page]
        context |= {"page": page, "pager": pager, "rows": rows}
        return show(request, self._template(f"{self.name}s"), context)

    def detail(self, request, pk):
        """Show one row and its uses."""
        row = self.row_or_404(pk)
        page, pager = paginate(self.uses_of(row), request.GET)
        context = self.describe(row) | {
            "title": row.name,
            "subtitle": self.model._meta.verbose_name,
            "uses_title": self.uses_title,
            "page": page,
            "pager": pager,
            "rows": [self.describe_use(each) for each in page],
        }
        return show(request, self._template(self.name), context)

    def new(self, request):
        """Create a row."""
        return self._save(
            request,
            self.form_class(posted_data(request)),
            self.create,
            title=self.new_title,
            send=self.create_label,
            back=reverse(f"desk:{self.name}s"),
        )

    def edit(self, request, pk):
        """Change a row."""
        row = self.row_or_404(pk)
        return self._save(
            request,
            self.form_class(posted_data(request), instance=row),
            partial(self.update, **self.key(row)),
            title=_("Edit %(name)s") % {"name": row},
            subtitle=self.model._meta.verbose_name,
            send=_("Save changes"),
            back=self.url_of(row),
            **{self.name: row},
        )

    def _save(self, request, form, write, **context):
        """Save a valid form with a service and redirect to the row, else show the form."""
        if form.is_bound and form.is_valid():
            try:
                written = write(origin=origin_of(request), **form.arguments())
            except BadgeError as refusal:
                form.show(refusal)
            else:
                messages.success(request, _("“%(name)s” was saved.") % {"name": written})
                return redirect(self.url_of(written))
        focus_on_fault(form)
        return show(request, self._template(f"{self.name}_form"), {"form": form, **context})

    def confirm(self, request, row, template, **context):
        """Ask for confirmation of a change that concerns the uses of a row."""
        count = count_rows(self.uses_of(row))
        context |= {
            self.name: row,
            "subtitle": row.name,
            "use_count": count,
            "uses_are_cut": is_cut(count),
            "back": self.url_of(row),
        }
        return show(request, self._template(template), context)

    def row_or_404(self, pk) -> Any:
        try:
            return self.find_row(pk)
        except BadgeError:
            raise Http404 from None

    def url_of(self, row) -> str:
        return reverse(f"desk:{self.name}", args=[row.pk])

    def key(self, row) -> dict[str, str]:
        """Return the argument of the services that names the row."""
        return {f"{self.name}_id": row.pk}

    def _template(self, name: str) -> str:
        return f"desk/groups_and_fields/{name}.html"


class RankedPages(RowPages):
    """The pages of rows that are listed by rank; a disabled row can be enabled again."""

    list_title: "StrOrPromise"
    disable_title: "StrOrPromise"
    enable_title: "StrOrPromise"
    all_rows: Callable[[], QuerySet]

    @property
    def urls(self) -> list:
        name, switch = self.name, self.form_page("change", self.switch)
        route = path(f"{name}s/<str:pk>/switch/", switch, name=f"{name}-switch")
        return [*super().urls, route]

    def find(self, request):
        """Return all rows by rank, including disabled ones."""
        return self.all_rows(), {"title": self.list_title}

    def describe(self, row):
        return {self.name: row, "pill": ACTIVE if row.active else DISABLED}

    def switch(self, request, pk):
        """Show the consequences of disabling or enabling a row, and do so on POST."""
        row = self.row_or_404(pk)
        if request.method == "POST":
            switch_as_shown(
                request,
                partial(self.update, **self.key(row)),
                on=_("“%(name)s” is enabled now.") % {"name": row},
                off=_("“%(name)s” is disabled now.") % {"name": row},
            )
            return redirect(self.url_of(row))
        return self.confirm(
            request,
            row,
            f"{self.name}_switch",
            title=self.disable_title if row.active else self.enable_title,
            active=row.active,
            version=version_of(row),
        )
