"""A form is shown, or written by a service: the same for groups and for custom fields."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from badges.desk.access import show
from badges.errors import BadgeError
from badges.forms import origin_of

METHODS = ["GET", "HEAD", "POST"]
ON_A_PAGE = 20


def edited(request, form, write, *, template, page, **context):
    """Have a valid form written and lead to the page of what came of it, else show the form."""
    if form.is_bound and form.is_valid():
        try:
            written = write(origin=origin_of(request), **form.cleaned_data)
        except BadgeError as refusal:
            form.show(refusal)
        else:
            messages.success(request, _("“%(name)s” was saved.") % {"name": written})
            return redirect(page, written.pk)
    form.focus_on_fault()
    return show(request, template, {"form": form, **context})


def posted(request):
    """Return what was posted, or None for a form that is only shown."""
    return request.POST if request.method == "POST" else None
