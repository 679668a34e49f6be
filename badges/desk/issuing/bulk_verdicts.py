"""The previewed or recorded outcome for each of several customers, in one row each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from badges.desk.customers.links import timeline_url
from badges.desk.issuing.questions import Checks
from badges.desk.issuing.verdicts import OPEN, REFUSED, Verdict, asking
from badges.desk.parts.numbers import group_digits
from badges.desk.parts.picker import Pill, pill_of
from badges.errors import BadgeError, in_words
from badges.models import Definition, EarnedBadge, Enrolment, RequestLog
from badges.services.earning.preview import Preview

MIXED = "mixed"
DONE, NOT_DONE, REVOKED, TO_REVOKE, TO_CONFIRM = "good", "bad", "off", "warn", "ask"

ICONS = {
    DONE: "check_circle",
    NOT_DONE: "cancel",
    REVOKED: "undo",
    TO_REVOKE: "do_not_disturb_on",
    TO_CONFIRM: "help",
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row: the state as a word, an icon and a colour, the customer, the reason, and remarks."""

    tone: str
    label: str
    customer_id: int | None
    text: str = ""
    code: int | None = None
    fact: EarnedBadge | Enrolment | None = None
    remarks: Sequence[str] = ()

    @property
    def icon(self) -> str:
        return ICONS[self.tone]

    @property
    def timeline(self) -> str:
        """Return the URL of the issued badge in the timeline of the customer."""
        return timeline_url(self.fact) if self.fact else ""


@dataclass(frozen=True, kw_only=True)
class ListVerdict(Verdict):
    """The verdict on several customers, with one row each; `ends_at` is the end of their badges.

    `is_partial` is whether the badge can be issued to some of them only.
    """

    rows: list[Row]
    is_partial: bool
    badge: Definition | None
    pill: Pill | None
    ends_at: datetime | None
    never_expires: bool


def of_preview(preview: Preview, checks: Checks) -> ListVerdict:
    """Return the verdict on an earn for several customers, with the totals first.

    Rows with remarks come first: numbers without a record, recent issues, repeated numbers.
    """
    outcomes = sorted(preview.outcomes, key=lambda outcome: checks.rank(outcome.customer_id))
    facts = [outcome.fact for outcome in outcomes if outcome.fact]
    ready, refused = len(facts), len(outcomes) - len(facts)
    title = totals(
        (ready, ngettext("%(count)s can be issued", "%(count)s can be issued", ready)),
        (refused, ngettext("%(count)s cannot", "%(count)s cannot", refused)),
    )
    verdict = ListVerdict(
        state=(MIXED if refused else OPEN) if facts else REFUSED,
        title=title,
        is_partial=bool(facts and refused),
        rows=[_row(outcome, checks) for outcome in outcomes],
        badge=preview.badge,
        pill=pill_of(preview.badge, checks.now) if preview.badge else None,
        ends_at=facts[0].expires_at if facts else None,
        never_expires=bool(facts) and facts[0].never_expires,
    )
    return asking(verdict, checks.questions([fact.customer_id for fact in facts]), title)


def totals(*counts: tuple[int, str]) -> str:
    """Return the counts in one line; counts of zero are left out, except for the first."""
    first, *others = counts
    nonzero = [first, *(each for each in others if each[0])]
    return ", ".join(words % {"count": group_digits(count)} for count, words in nonzero)


def written(fact: EarnedBadge | Enrolment) -> Row:
    """Return the row of an issued badge or an enrolment, which may have been revoked since."""
    done = _("Enrolled") if isinstance(fact, Enrolment) else _("Issued")
    tone, label = (REVOKED, _("Revoked")) if fact.revoked_at else (DONE, done)
    return Row(tone=tone, label=label, customer_id=fact.customer_id, fact=fact)


def refused(customer_id: int, code: int, recorded: str = "") -> Row:
    """Return the row of a refused customer, with the recorded message or that of the code."""
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


def _row(outcome, checks: Checks) -> Row:
    refusal: BadgeError | None = outcome.refusal
    remarks = checks.remarks(outcome.customer_id)
    if refusal:
        return Row(
            tone=NOT_DONE,
            label=_("Cannot be issued"),
            customer_id=outcome.customer_id,
            text=refusal.message,
            code=int(refusal.code),
            remarks=remarks,
        )
    held = checks.found.held.get(outcome.customer_id)
    times = held.times if held else 0
    text = ngettext("has it once already", "has it %(count)d times already", times)
    to_confirm = checks.needs_tick(outcome.customer_id)
    return Row(
        tone=TO_CONFIRM if to_confirm else DONE,
        label=_("To confirm") if to_confirm else _("Can be issued"),
        remarks=remarks,
        customer_id=outcome.customer_id,
        text=text % {"count": times} if times else "",
    )
