"""The page of search results, and the suggestions of the search box."""

from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from badges.desk.access import require_form_methods, show, staff_page
from badges.desk.parts.forms import new_request_id
from badges.desk.search.find import find as look_up
from badges.desk.search.find import suggest
from badges.desk.search.forms import FindForm, SuggestForm

LAST_FOUND = "desk_find"


@require_form_methods
@staff_page("badges.view_earnedbadge")
def find(request):
    """Search, then redirect to the only result, or list the results.

    The session stores the text, which keeps it out of URLs, and thus out of logs.
    """
    if request.method != "POST":
        text = request.session.get(LAST_FOUND, "")
        return _show_find(request, FindForm(initial={"text": text}), text)
    form = FindForm(request.POST)
    if not form.is_valid():
        request.session.pop(LAST_FOUND, None)
        return _show_find(request, form, "")
    text = form.cleaned_data["text"]
    only = look_up(text, request).only
    if only:
        request.session.pop(LAST_FOUND, None)
        return redirect(only.url)
    request.session[LAST_FOUND] = text
    return redirect("desk:find")


@require_form_methods
@staff_page("badges.view_earnedbadge")
def suggestions(request):
    """Return the suggestions for a text that is being typed, or redirect a GET to the page.

    The text is posted and is not stored, which keeps it out of URLs, logs and the session.
    """
    if request.method != "POST":
        return redirect("desk:find")
    form = SuggestForm(request.POST)
    found = suggest(form.cleaned_data["text"], request) if form.is_valid() else None
    context = {"found": found, "request_id": new_request_id()}
    return render(request, "desk/_suggestions.html", context)


def _show_find(request, form, text):
    found = look_up(text, request) if text else None
    help_id, error_id = (f"{form['text'].auto_id}_{part}" for part in ("helptext", "error"))
    context = {
        "title": _("Search"),
        "find_form": form,
        "found": found,
        "described_by": f"{error_id} {help_id}" if form.errors else help_id,
    }
    return show(request, "desk/find.html", context)
