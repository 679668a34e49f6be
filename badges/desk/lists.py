"""What would become of each of several customers, or became of them, in a row each."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from badges.desk.eligibility import OPEN, REFUSED, Verdict
from badges.desk.find import timeline_url
from badges.desk.numbers import grouped
from badges.desk.picker import Standing, standing
from badges.errors import BadgeError, in_words
from badges.models import Definition, EarnedBadge, Enrolment, RequestLog
from badges.services.earn import Preview

MIXED = "mixed"
DONE, NOT_DONE, OVER, DUE = "good", "bad", "off", "warn"

ICONS = {DONE: "check_circle", NOT_DONE: "cancel", OVER: "undo", DUE: "do_not_disturb_on"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line: how it stands in a word, an icon and a colour, for whom, and why."""

    tone: str
    label: str
    customer_id: int | None
    text: str = ""
    code: int | None = None
    fact: EarnedBadge | Enrolment | None = None

    @property
    def icon(self) -> str:
        return ICONS[self.tone]

    @property
    def timeline(self) -> str:
        """Where the timeline of the customer shows the issued badge."""
        return timeline_url(self.fact)


@dataclass(frozen=True, kw_only=True)
class ListVerdict(Verdict):
    """The verdict over several customers, with one for each; `ends_at` is when theirs would end."""

    rows: list[Row]
    badge: Definition | None
    standing: Standing | None
    ends_at: datetime | None


def of_preview(preview: Preview, now: datetime) -> ListVerdict:
    """Say what an earn for several would do, the totals first."""
    held = _held(preview)
    rows = [_row(outcome, held.get(outcome.customer_id, 0)) for outcome in preview.outcomes]
    facts = [outcome.fact for outcome in preview.outcomes if outcome.fact]
    ready, refused = len(facts), len(rows) - len(facts)
    return ListVerdict(
        state=(MIXED if refused else OPEN) if facts else REFUSED,
        title=totals(
            (ready, ngettext("%(count)s can be issued", "%(count)s can be issued", ready)),
            (refused, ngettext("%(count)s cannot", "%(count)s cannot", refused)),
        ),
        rows=rows,
        badge=preview.badge,
        standing=preview.badge and standing(preview.badge, now),
        ends_at=facts[0].expires_at if facts else None,
    )


def totals(*counts: tuple[int, str]) -> str:
    """Return the counts that are not nothing, the first in any case, in one line."""
    first, *others = counts
    shown = [first, *(each for each in others if each[0])]
    return ", ".join(words % {"count": grouped(count)} for count, words in shown)


def written(fact: EarnedBadge | Enrolment) -> Row:
    """Return the row of what was issued or enrolled, and may have been revoked since."""
    done = _("Enrolled") if isinstance(fact, Enrolment) else _("Issued")
    tone, label = (OVER, _("Revoked")) if fact.revoked_at else (DONE, done)
    return Row(tone=tone, label=label, customer_id=fact.customer_id, fact=fact)


def refused(customer_id: int, code: int, recorded: str = "") -> Row:
    """Return the row of a customer that was refused, in words on record or those of the code."""
    return Row(
        tone=NOT_DONE,
        label=_("Refused"),
        customer_id=customer_id or None,
        text=in_words(code, recorded),
        code=code,
    )


def refused_items(request: RequestLog) -> list[Row]:
    """Return a row for each refused item of a request."""
    return [
        refused(item.customer_id, item.code, item.message) for item in request.refused_items.all()
    ]


def _row(outcome, held: int) -> Row:
    refusal: BadgeError | None = outcome.refusal
    if refusal:
        return Row(
            tone=NOT_DONE,
            label=_("Cannot be issued"),
            customer_id=outcome.customer_id,
            text=refusal.message,
            code=int(refusal.code),
        )
    text = ngettext("has it once already", "has it %(count)d times already", held)
    return Row(
        tone=DONE,
        label=_("Can be issued"),
        customer_id=outcome.customer_id,
        text=text % {"count": held} if held else "",
    )


def _held(preview: Preview) -> dict[int, int]:
    """Return how often each customer has the badge, for those that do."""
    if preview.badge is None:
        return {}
    customer_ids = [outcome.customer_id for outcome in preview.outcomes]
    held = EarnedBadge.objects.standing().of_customers(preview.badge.id, customer_ids)
    return dict(held.order_by().values_list("customer_id").annotate(count=Count("pk")))
