"""The preview of an issue in words, which the page shows before the form is sent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Self, TypeVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from badges.desk.issuing.questions import Checks, Question
from badges.desk.parts.descriptions import window
from badges.desk.parts.picker import Pill, pill_of
from badges.errors import BadgeError
from badges.models import (
    BadgeMeta,
    Definition,
    Limit,
    LimitKind,
    RequestLog,
    Unit,
)
from badges.models.values import shift
from badges.services.earning.command import Earned
from badges.services.earning.preview import Preview

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

IDLE = "idle"
INVALID = "invalid"
OPEN = "open"
REFUSED = "refused"
ASK = "ask"


@dataclass(frozen=True, kw_only=True)
class LimitUse:
    """One limit, and how much of it is used up.

    `days` are the first and the last day (UTC) of a fixed window, for the event date that was used.
    """

    limit: Limit
    used: int
    days: tuple[date, date] | None = None

    @classmethod
    def at(cls, event_at: datetime, badge: Definition, limit: Limit, used: int) -> Self:
        """Return the use of a limit of a badge by an event, with the days of a fixed window."""
        if limit.kind != LimitKind.FIXED_WINDOW:
            return cls(limit=limit, used=used)
        since, until = limit.cycle(event_at, badge_starts_at=badge.starts_at)
        last_day = shift(until, Unit.DAYS, -1)
        return cls(limit=limit, used=used, days=(since.date(), last_day.date()))

    @property
    def left(self) -> int:
        return max(self.limit.max_earns - self.used, 0)

    @property
    def words(self) -> str:
        return f"{self.limit.level.label}, {window(self.limit)}"


@dataclass(frozen=True, kw_only=True)
class About:
    """The description of a badge, and the names and values of its active custom fields."""

    description: str
    terms: list[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The facts behind a verdict; `about` has the description and the custom fields."""

    customer_id: int
    badge: Definition
    pill: Pill
    earned: Earned | None
    limits: list[LimitUse]
    held: int
    last_earned_at: datetime | None
    about: "About | None"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The content of the panel; `original` is the request that used up the id of this form.

    `remarks` are about a customer to whom nothing can be issued: they take the place of questions.
    """

    state: str
    title: "StrOrPromise"
    text: "StrOrPromise" = ""
    code: int | None = None
    facts: Facts | None = None
    problems: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    remarks: Sequence[str] = ()
    original: RequestLog | None = None
    used_up: bool = False


VerdictT = TypeVar("VerdictT", bound=Verdict)

WAITING = Verdict(
    state=IDLE,
    title=gettext_lazy("Nothing to check yet"),
    text=gettext_lazy("Enter a customer and choose a badge: this says what would happen."),
)


def of_form(form) -> Verdict:
    """Return the verdict on a form that is incomplete or invalid."""
    problems = [
        message
        for name, errors in form.errors.as_data().items()
        for error in errors
        if error.code != "required" or name == "request_id"
        for message in error.messages
    ]
    if not problems:
        return WAITING
    return Verdict(state=INVALID, title=_("This cannot be checked"), problems=tuple(problems))


def of_preview(preview: Preview, checks: Checks) -> Verdict:
    """Return the verdict on the preview of an earn."""
    if preview.outcome.refusal:
        return of_refusal(preview.outcome.refusal, preview, checks)
    verdict = Verdict(state=OPEN, title=_("Can be issued"), facts=_facts(preview, checks))
    questions = checks.questions([preview.outcome.customer_id])
    return asking(verdict, questions, _("Can be issued once you confirm"))


def asking(verdict: VerdictT, questions: tuple[Question, ...], title: str) -> VerdictT:
    """Return a verdict with questions; until all are answered, with another state and title."""
    verdict = replace(verdict, questions=questions)
    if all(question.is_ticked for question in questions):
        return verdict
    return replace(verdict, state=ASK, title=title)


def of_refusal(refusal: BadgeError, preview: Preview, checks: Checks) -> Verdict:
    """Return the verdict on a refused earn, with the message of the rule."""
    customer_ids = [outcome.customer_id for outcome in preview.outcomes]
    return Verdict(
        state=REFUSED,
        title=_("Cannot be issued"),
        text=refusal.message,
        code=int(refusal.code),
        facts=_facts(preview, checks),
        remarks=checks.remarks(customer_ids[0]) if len(customer_ids) == 1 else (),
    )


def of_used_form(refusal: BadgeError) -> Verdict:
    """Return the verdict on a form that has already issued a badge with other entries."""
    return Verdict(
        state=REFUSED,
        title=_("This form was already used"),
        text=_("It issued a badge with other entries before. Nothing was issued this time."),
        code=int(refusal.code),
        original=refusal.original,
        used_up=True,
    )


def _facts(preview: Preview, checks: Checks) -> Facts | None:
    if preview.badge is None or len(preview.outcomes) > 1:
        return None
    customer_id = preview.outcome.customer_id
    held = checks.found.held.get(customer_id)
    return Facts(
        customer_id=customer_id,
        badge=preview.badge,
        pill=pill_of(preview.badge, checks.now),
        earned=preview.outcome.fact,
        about=_about(preview.badge.id),
        limits=[
            LimitUse.at(preview.event_at, preview.badge, limit, used)
            for limit, used in preview.used.items()
        ],
        held=held.times if held else 0,
        last_earned_at=held.last_earned_at if held else None,
    )


def _about(badge_id: str) -> About | None:
    """Return the description and the custom fields of a badge, in one query."""
    value = "custom_values"
    rows = list(
        BadgeMeta.objects.filter(pk=badge_id)
        .order_by(f"{value}__pk")
        .values_list(
            "description", f"{value}__field__active", f"{value}__field__name", f"{value}__value"
        )
    )
    terms = [(name, text) for _description, active, name, text in rows if active]
    return About(description=rows[0][0], terms=terms) if rows else None
