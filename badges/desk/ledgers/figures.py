"""The figures of a period: issued badges, refusals and actors, by channel, reason and cause."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from badges.desk.access import show, staff_page
from badges.desk.home.overview import COUNTED_WHEN_OPENED, DAY, DAYS
from badges.desk.parts.charts import Chart, Series, Span, beginning_of_days, channels_of
from badges.desk.parts.links import Links
from badges.desk.parts.numbers import group_digits
from badges.desk.parts.presets import Preset, PresetLink, preset_links
from badges.errors import ErrorCode
from badges.models import ActorCount, DailyCount, Integrator, ReasonCount
from badges.models.values import start_of_day
from badges.selectors.leaders import MOST_OF_A_DAY, Leaders, leaders
from badges.services.record import summaries

MAX_DAYS = 92
SHOWN_ACTORS = 10
# The colours of the most frequent causes or reasons; all others share one colour.
COLOURS = ["one", "two", "three", "four", "five", "six"]
REST = 0


class PeriodForm(forms.Form):
    """The days to show, in UTC and both inclusive; the default is the last 30 days.

    `period` is the preset of the query, if no day is typed.
    """

    since = forms.DateField(
        label=gettext_lazy("From (UTC)"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label=gettext_lazy("Until (UTC)"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, data, *, today: date):
        usual = {"since": str(today - (DAYS - 1) * DAY), "until": str(today)}
        typed = {name: data[name] for name in usual if data.get(name)}
        name, preset = data.get("period", ""), {}
        self.period = Preset(name) if name in Preset and not typed else None
        if self.period:
            preset = dict(zip(usual, map(str, self.period.days(today)), strict=True))
        super().__init__(usual | preset | typed)
        self.usual, self.is_custom = usual, bool(typed)

    def clean(self):
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and since > until:
            self.add_error("until", _("This lies before the beginning."))
        elif since and until and (until - since).days >= MAX_DAYS:
            words = _("Choose at most %(count)d days.") % {"count": MAX_DAYS}
            self.add_error("since", words)

    @property
    def is_usual(self) -> bool:
        return self.data == self.usual

    @property
    def presets(self) -> list[PresetLink]:
        return preset_links(self.period or "", "?period={}".format)

    @cached_property
    def days(self) -> list[date]:
        """Return every day of the period, or an empty list if the form is invalid."""
        if not self.is_valid():
            return []
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        return [since + after * DAY for after in range((until - since).days + 1)]


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The requests and refusals of one actor."""

    name: str
    icon: str
    requests: int
    refused: int
    link: str

    @property
    def text(self) -> str:
        return group_digits(self.requests)

    @property
    def refused_text(self) -> str:
        return group_digits(self.refused)

    @property
    def share(self) -> str:
        return group_digits(round(100 * self.refused / self.requests))


@require_safe
@staff_page("badges.view_requestlog")
def figures(request):
    """Show the charts of a period, each with its table."""
    summaries.catch_up(COUNTED_WHEN_OPENED)
    form = PeriodForm(request.GET, today=start_of_day(timezone.now()).date())
    context = {"title": _("Reports"), "form": form}
    if form.days:
        links = Links(request.user)
        period = Span(form.days[0], form.days[-1])
        context["charts"] = [_issued(period, links), _by_reason(period), _refused(period, links)]
        busiest = leaders(
            ActorCount.objects.all(), form.days, "integrator_id", "user_id", value="requests"
        )
        context["actors"] = _actors(form.days, busiest, links)
        context["actors_of_each_day"] = MOST_OF_A_DAY if busiest.is_cut else None
    return show(request, "desk/ledgers/figures.html", context)


def _issued(period: Span, links: Links) -> Chart:
    days = (period.before.first, period.last)
    rows = DailyCount.objects.of_badge().issued().between(*days).order_by()
    sums = rows.values_list("day", "channel").annotate(Sum("customers"))
    found = Counter({(day, channel): count for day, channel, count in sums})
    counts, earlier = _split(found, period)
    return Chart(
        slug="figures-issued",
        icon="bar_chart",
        title=_("Issued by week and channel") if period.is_long else _("Issued by day and channel"),
        description=_("Issued badges by channel; the table has the same numbers"),
        note=beginning_of_days(),
        nothing=_("Nothing was issued on these days."),
        days=period.days,
        series=channels_of(found) if counts else [],
        counts=counts,
        earlier=earlier,
        link=lambda span, channel: links.issued(span.first, span.last, channel=channel or ""),
    )


def _refused(period: Span, links: Links) -> Chart:
    """Count refused requests, and refused customers of accepted lists, which have no list."""
    days = (period.before.first, period.last)
    rows = DailyCount.objects.of_badge().between(*days).filter(code__gt=0).order_by()
    sums = rows.values_list("day", "code").annotate(Sum("requests"), Sum("customers"))
    listed: Counter[tuple[date, int | None]] = Counter()
    found: Counter[tuple[date, int]] = Counter()
    for day, code, requests, customers in sums:
        listed[day, code] = requests
        listed[day, None] += requests
        found[day, code] = requests + customers
    counts, earlier = _split(found, period)

    def link(span: Span, code: int | None) -> str:
        is_listed = code != REST and any(listed[day, code] for day in span.days)
        return links.refused(span.first, span.last, code=code or "") if is_listed else ""

    causes = {code.value: f"{code.value} {code.message}" for code in ErrorCode}
    return Chart(
        slug="figures-refused",
        icon="rule",
        title=_("Refused by week and cause") if period.is_long else _("Refused by day and cause"),
        description=_("Refusals by their codes; the table has the same numbers"),
        note=_("Requests that were refused, and single customers of lists that were accepted."),
        nothing=_("Nothing was refused on these days."),
        days=period.days,
        series=_most_frequent(counts, earlier, causes, _("Other causes")),
        counts=counts,
        earlier=earlier,
        link=link,
    )


def _split(found: Counter, period: Span) -> tuple[Counter, Counter]:
    """Return the counts of a period, and those of the days before."""
    inside = Counter({key: count for key, count in found.items() if key[0] >= period.first})
    return inside, found - inside


def _by_reason(period: Span) -> Chart:
    """Count the badges that staff issued for a reason of the list; no list has these rows alone."""
    rows = ReasonCount.objects.between(period.before.first, period.last).order_by()
    names: dict[str, str] = {}
    found: Counter[tuple[date, str]] = Counter()
    for day, reason, name, issued in rows.values_list("day", "reason", "reason__name", "issued"):
        names[reason] = name
        found[day, reason] = issued
    counts, earlier = _split(found, period)
    return Chart(
        slug="figures-reasons",
        icon="edit_note",
        title=_("Issued by week and reason") if period.is_long else _("Issued by day and reason"),
        description=_("Badges that staff issued, by reason; the table has the same numbers"),
        note=_("Badges that staff issued with a reason from the list."),
        nothing=_("Nothing was issued for a reason of the list on these days."),
        days=period.days,
        series=_most_frequent(counts, earlier, names, _("Other reasons")),
        counts=counts,
        earlier=earlier,
        link=lambda span, reason: "",
    )


def _most_frequent(
    counts: Counter, earlier: Counter, names: Mapping[Any, str], others: str
) -> list[Series]:
    """Return the most frequent keys, the most frequent first, and one series for all others.

    The counts of the others are added up under `REST`.
    """
    by_key: Counter[Any] = Counter()
    for (_day, key), count in counts.items():
        by_key[key] += count
    often = sorted(by_key, key=lambda key: (-by_key[key], key))
    named = [
        Series(key=key, label=names.get(key, str(key)), colour=colour)
        for key, colour in zip(often, COLOURS, strict=False)
    ]
    keys = {each.key for each in named}
    for part in (counts, earlier):
        for (day, key), count in list(part.items()):
            if key not in keys:
                part[day, REST] += count
    if named and any(key == REST for part in (counts, earlier) for _day, key in part):
        named.append(Series(key=REST, label=others, colour="rest"))
    return named


def _actors(days: list[date], busiest: Leaders, links: Links) -> list[Actor]:
    """Return the actors with the most requests, the busiest first."""
    rows = list(_sums(days, busiest.keys[:SHOWN_ACTORS]))
    names = _names(rows)
    return [_actor(row, names, days, links) for row in rows]


def _sums(days: list[date], keys: list[tuple[int, int]]) -> QuerySet:
    """Return the sums of some actors; no actor is both an integrator and a user."""
    integrators = [integrator for integrator, user in keys if not user]
    users = [user for _integrator, user in keys if user]
    of_them = Q(integrator_id__in=integrators, user_id=0) | Q(integrator_id=0, user_id__in=users)
    rows = ActorCount.objects.filter(of_them, day__in=days).order_by()
    sums = rows.values("integrator_id", "user_id").annotate(
        of_all=Sum("requests"), of_refused=Sum("refused")
    )
    return sums.order_by("-of_all", "integrator_id", "user_id")


def _names(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], str]:
    """Return the names of the integrators and users among some actors, and of the commands."""
    integrators = Integrator.objects.filter(pk__in={row["integrator_id"] for row in rows})
    users = User.objects.filter(pk__in={row["user_id"] for row in rows})
    named = {("integrator", pk): name for pk, name in integrators.values_list("pk", "name")}
    named |= {("user", pk): name for pk, name in users.values_list("pk", "username")}
    return named | {("", 0): _("command line")}


def _actor(row: Mapping[str, Any], names: dict, days: list[date], links: Links) -> Actor:
    kind, key, icon = "", 0, "terminal"
    if row["integrator_id"]:
        kind, key, icon = "integrator", row["integrator_id"], "api"
    elif row["user_id"]:
        kind, key, icon = "user", row["user_id"], "person"
    return Actor(
        name=names.get((kind, key), str(key)),
        icon=icon,
        requests=row["of_all"],
        refused=row["of_refused"],
        link=links.changes(days[0], days[-1], actor=f"{kind}:{key}") if kind else "",
    )
