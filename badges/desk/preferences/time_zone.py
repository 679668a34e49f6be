"""The page on which a person chooses the time zone of their own screens."""

from collections import defaultdict
from datetime import datetime
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from badges.desk.access import require_form_methods, show
from badges.errors import BadgeError
from badges.forms import origin_of, posted_data
from badges.services.access.preferences import choose_time_zone
from badges.time_zones import REGIONS, known_zones, zone_label, zone_of

REGION_NAMES = {
    "Africa": gettext_lazy("Africa"),
    "America": gettext_lazy("America"),
    "Antarctica": gettext_lazy("Antarctica"),
    "Arctic": gettext_lazy("Arctic"),
    "Asia": gettext_lazy("Asia"),
    "Atlantic": gettext_lazy("Atlantic"),
    "Australia": gettext_lazy("Australia"),
    "Europe": gettext_lazy("Europe"),
    "Indian": gettext_lazy("Indian Ocean"),
    "Pacific": gettext_lazy("Pacific"),
}


class TimeZoneForm(forms.Form):
    """The time zone of the acting user; empty for that of the organisation."""

    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        required=False,
        choices=lambda: zone_choices(timezone.now()),
        help_text=gettext_lazy(
            "You see and type all times in this zone. It changes nothing for other people: what "
            "you type is the same point in time on their screens, in their own zone."
        ),
    )


def zone_choices(now: datetime) -> list:
    """Return the zones by region, each with its distance from UTC now; first the organisation's."""
    by_region = defaultdict(list)
    for name in sorted(known_zones()):
        region, _slash, place = name.partition("/")
        if place and region in REGIONS:
            place = place.replace("_", " ").replace("/", ", ")
            by_region[REGION_NAMES[region]].append((name, f"{place} ({_offset(name, now)})"))
    own = _("%(zone)s, as in the whole organisation") % {"zone": zone_label(zone_of(""))}
    return [("", own), ("UTC", "UTC"), *by_region.items()]


def _offset(name: str, now: datetime) -> str:
    """Return the distance of a zone from UTC: "UTC+05:30"."""
    offset = f"{now.astimezone(ZoneInfo(name)):%z}"
    return f"UTC{offset[:3]}:{offset[3:5]}"


@require_form_methods
@login_required
def choose(request):
    """Show the form, and save the chosen zone."""
    chosen = request.user.preferences.time_zone
    form = TimeZoneForm(posted_data(request), initial={"time_zone": chosen})
    if form.is_bound and form.is_valid():
        time_zone = form.cleaned_data["time_zone"]
        try:
            if time_zone != chosen:
                choose_time_zone(origin=origin_of(request), time_zone=time_zone)
        except BadgeError as refusal:
            form.add_error("time_zone", refusal.message)
        else:
            messages.success(request, _saved(time_zone))
            return redirect("desk:time-zone")
    context = {
        "title": _("Time zone"),
        "form": form,
        "send": _("Save"),
        "back": settings.LOGIN_REDIRECT_URL,
    }
    return show(request, "desk/preferences/time_zone.html", context)


def _saved(time_zone: str) -> str:
    zone = zone_of(time_zone)
    now = date_format(timezone.now().astimezone(zone), "DATETIME_FORMAT")
    text = _("All times are now shown in %(zone)s. It is %(now)s.")
    return text % {"zone": zone_label(zone), "now": now}
