"""Badges are made, changed and copied: read the forms, ask one service, show what came of it."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from badges.desk.access import show, staff_page
from badges.desk.definitions.bundle import DefinitionForms
from badges.desk.definitions.pages import badge_or_404
from badges.errors import BadgeError
from badges.forms import origin_of
from badges.services import definitions

METHODS = ["GET", "HEAD", "POST"]


@require_http_methods(METHODS)
@staff_page("badges.add_badgemeta")
def new(request):
    """Make a badge."""
    return _edited(request, _create, title=_("New badge"), send=_("Create badge"))


@require_http_methods(METHODS)
@staff_page("badges.add_badgemeta")
def duplicate(request, pk):
    """Make a badge that begins as a copy of another."""
    title = _("Duplicate a badge")
    return _edited(
        request, _create, source=badge_or_404(pk), title=title, send=_("Create the copy")
    )


@require_http_methods(METHODS)
@staff_page("badges.change_badgemeta")
def edit(request, pk):
    """Change a badge."""
    badge = badge_or_404(pk)
    title = _("Edit %(badge)s") % {"badge": badge}
    return _edited(request, _update, badge=badge, title=title, send=_("Save changes"))


def _edited(request, write, *, badge=None, source=None, **context):
    """Show the forms, check them when that is asked, or have them written."""
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
    focused = posted and forms.focus_on_fault()
    return _show_forms(request, forms, context, focus_panel=posted and not focused)


def _checked(request, forms, context):
    """The preview alone for htmx, else the whole page with it."""
    if request.htmx:
        return render(request, "desk/definitions/_preview.html", {"preview": forms.preview()})
    return _show_forms(request, forms, context, focus_panel=not forms.focus_on_fault())


def _show_forms(request, forms, context, **more):
    context |= {"preview": forms.preview(), **more}
    return show(request, "desk/definitions/form.html", context)


def _create(request, forms):
    badge = definitions.create_badge(origin=origin_of(request), draft=forms.draft())
    messages.success(request, _("“%(badge)s” was created.") % {"badge": badge})
    return badge


def _update(request, forms):
    badge = definitions.update_badge(
        origin=origin_of(request), badge_id=forms.form.instance.pk, draft=forms.draft()
    )
    messages.success(request, _("“%(badge)s” was saved.") % {"badge": badge})
    return badge
