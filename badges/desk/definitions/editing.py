"""Views that create, change and copy badges: validate the forms, call one service, redirect."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from badges.desk.access import require_form_methods, show, staff_page
from badges.desk.definitions.form_set import DefinitionForms
from badges.desk.definitions.views import badge_or_404
from badges.desk.parts.problems import focus_on_fault
from badges.edit_forms import SEEN
from badges.errors import BadgeError
from badges.forms import origin_of
from badges.services.catalogue import definitions


@require_form_methods
@staff_page("badges.add_badgemeta")
def new(request):
    """Create a badge."""
    return _edited(request, _create, title=_("New badge"), send=_("Create badge"))


@require_form_methods
@staff_page("badges.add_badgemeta")
def duplicate(request, pk):
    """Create a badge from a copy of another one."""
    source = badge_or_404(pk)
    title = _("Duplicate a badge")
    return _edited(
        request,
        _create,
        source=source,
        title=title,
        subtitle=source.name,
        send=_("Create the copy"),
    )


@require_form_methods
@staff_page("badges.change_badgemeta")
def edit(request, pk):
    """Change a badge."""
    badge = badge_or_404(pk)
    title = _("Edit %(badge)s") % {"badge": badge}
    return _edited(request, _update, badge=badge, title=title, send=_("Save changes"))


def _edited(request, write, *, badge=None, source=None, **context):
    """Show the forms, and preview or save them on POST."""
    posted = request.method == "POST"
    data, files = (request.POST, request.FILES) if posted else (None, None)
    forms = DefinitionForms(
        origin=origin_of(request),
        now=timezone.now(),
        data=data,
        files=files,
        badge=badge,
        source=source,
    )
    context |= {"forms": forms, "badge": badge, "source": source}
    if posted and "check" in request.GET:
        return _checked(request, forms, context)
    if posted and forms.is_valid():
        try:
            saved = write(request, forms)
        except BadgeError as refusal:
            forms.form.show(refusal)
        else:
            return redirect("desk:definition", saved.pk)
    if posted and badge and forms.form.is_outdated:
        forms.show_changes(badge_or_404(badge.pk), request.POST.get(SEEN))
    focused = posted and focus_on_fault(forms)
    return _show_forms(request, forms, context, focus_panel=posted and not focused)


def _checked(request, forms, context):
    """Return the preview: alone for the panel, else in the whole page.

    A script posts the whole form to replace the content of the page (input.js).
    """
    if request.htmx and request.htmx.target != "content":
        return render(request, "desk/definitions/_preview.html", {"preview": forms.preview()})
    return _show_forms(request, forms, context, focus_panel=not focus_on_fault(forms))


def _show_forms(request, forms, context, **more):
    context |= {"preview": forms.preview(), **more}
    return show(request, "desk/definitions/form.html", context)


def _create(request, forms):
    badge = definitions.create_badge(origin=origin_of(request), draft=forms.draft())
    messages.success(request, _("“%(badge)s” was created.") % {"badge": badge})
    return badge


def _update(request, forms):
    badge = definitions.update_badge(
        origin=origin_of(request),
        badge_id=forms.form.instance.pk,
        seen=forms.form.seen,
        draft=forms.draft(),
    )
    messages.success(request, _("“%(badge)s” was saved.") % {"badge": badge})
    return badge
