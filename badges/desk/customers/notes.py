"""The notes about a customer: the newest ones for other pages, and the page of all of them."""

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from badges.desk.access import require_form_methods, show, staff_page
from badges.desk.customers.access import of_customer
from badges.desk.parts.forms import DeskForm
from badges.desk.parts.pager import dated_pager
from badges.desk.parts.problems import focus_on_fault
from badges.errors import BadgeError
from badges.models import CustomerNote
from badges.models.ids import customer_id_in
from badges.models.notes import MAX_NOTE_LENGTH
from badges.services.customers.notes import add_note

PAGE_SIZE = 20
NEWEST = 2


class NoteForm(DeskForm):
    """The text of a new note."""

    typed: list[str] = []
    event_at = None  # type: ignore[assignment]  # removes the field
    reason = None  # type: ignore[assignment]  # removes the field

    text = forms.CharField(
        label=gettext_lazy("New note"),
        help_text=gettext_lazy("Colleagues see it. It cannot be changed or deleted later."),
        max_length=MAX_NOTE_LENGTH,
        error_messages={"required": gettext_lazy("Enter the text of the note.")},
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@dataclass(frozen=True, kw_only=True)
class Notes:
    """Some notes, newest first, and whether there are older ones."""

    notes: list[CustomerNote]
    more: bool


def newest_notes(customer_id: int) -> Notes:
    """Return the newest notes about a customer, for the top of their page."""
    return _read(customer_id, NEWEST)


@require_form_methods
@staff_page("badges.view_customernote")
@of_customer
def notes(request, customer_id):
    """List the notes about a customer, and add one on POST."""
    may_add = request.user.has_perm("badges.add_customernote")
    form = NoteForm(request.POST if request.method == "POST" and may_add else None)
    if form.is_bound and form.is_valid() and _is_added(request, form, customer_id):
        messages.success(request, _("The note was added."))
        return redirect("desk:customer_notes", customer_id)
    focus_on_fault(form)
    before = customer_id_in(request.GET.get("before", ""))
    found = _read(customer_id, PAGE_SIZE, before=before)
    context = {
        "title": _("Notes on customer %(id)d") % {"id": customer_id},
        "customer_id": customer_id,
        "form": form,
        "may_add": may_add,
        "notes": found.notes,
        "pager": dated_pager(
            newest=request.path if before else "",
            older=f"?before={found.notes[-1].pk}" if found.more else "",
        ),
    }
    return show(request, "desk/customer_notes.html", context)


def _is_added(request, form, customer_id) -> bool:
    """Add the note; return False with an error in the form if it is refused.

    A repeated submission of the same note adds nothing.
    """
    try:
        add_note(
            origin=form.origin(request.user),
            request_id=form.cleaned_data["request_id"],
            customer_id=customer_id,
            text=form.cleaned_data["text"],
        )
    except BadgeError as refusal:
        if refusal.original and refusal.identical:
            return True
        form.add_error("text", refusal.message)
        return False
    return True


def _read(customer_id: int, size: int, *, before: int | None = None) -> Notes:
    rows = CustomerNote.objects.filter(customer_id=customer_id).order_by("-pk")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    rows = rows.select_related("request__user", "request__integrator")
    found = list(rows.defer("request__content", "request__errors")[: size + 1])
    return Notes(notes=found[:size], more=len(found) > size)
