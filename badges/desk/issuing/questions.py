"""The questions of the panel, each with a tick that the form must send (CONTRACT.md, 6.2)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from badges.models import EarnedBadge
from badges.services.customers.confirmations import RECENT, Confirmation, Questions

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question: its text, and the tick that answers it with `value` in the field `name`.

    `at` is the time of a recent issue.
    """

    name: str
    text: str
    tick: str
    value: str
    is_ticked: bool
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Checks:
    """The checks of the panel besides the rules: the questions, and numbers pasted repeatedly.

    `confirmation` has the ticks that the form sent.
    """

    found: Questions
    confirmation: Confirmation
    user: User
    now: datetime
    repeated: Mapping[int, int] = field(default_factory=dict)

    def questions(self, customer_ids: Collection[int]) -> tuple[Question, ...]:
        """Return the questions about customers for whom something would be written."""
        found = self.found.about(customer_ids)
        questions = []
        if found.new_customers:
            questions.append(self._about_numbers(sorted(found.new_customers)))
        if found.recent:
            questions.append(self._about_repetition(list(found.recent.values())))
        return tuple(questions)

    def needs_tick(self, customer_id: int) -> bool:
        return customer_id in self.found.new_customers or customer_id in self.found.recent

    def remarks(self, customer_id: int) -> list[str]:
        """Return the remarks about one customer, the most important first."""
        remarks = []
        if customer_id in self.found.new_customers:
            remarks.append(_without_record(customer_id))
        if fact := self.found.recent.get(customer_id):
            remarks.append(self._issued_before(fact))
        if times := self.repeated.get(customer_id):
            remarks.append(_("Named %(count)d times, counted once.") % {"count": times})
        return remarks

    def rank(self, customer_id: int) -> int:
        """Return the position of a customer in a list: those with remarks come first."""
        kinds = (self.found.new_customers, self.found.recent, self.repeated)
        return next((rank for rank, kind in enumerate(kinds) if customer_id in kind), len(kinds))

    def _about_numbers(self, customer_ids: list[int]) -> Question:
        count = len(customer_ids)
        text = ngettext(
            "No record of %(count)d of these customers yet: check the number.",
            "No record of %(count)d of these customers yet: check the numbers.",
            count,
        )
        return Question(
            name="new_customers",
            text=_without_record(customer_ids[0]) if count == 1 else text % {"count": count},
            tick=ngettext("The number is correct", "The numbers are correct", count),
            value=_joined(customer_ids),
            is_ticked=self.confirmation.new_customers.issuperset(customer_ids),
        )

    def _about_repetition(self, facts: list[EarnedBadge]) -> Question:
        count, ids = len(facts), [fact.pk for fact in facts]
        text = ngettext(
            "%(count)d of these customers received this badge in the last %(minutes)d minutes.",
            "%(count)d of these customers received this badge in the last %(minutes)d minutes.",
            count,
        )
        values = {"count": count, "minutes": RECENT // MINUTE}
        return Question(
            name="recent",
            text=self._issued_before(facts[0]) if count == 1 else text % values,
            tick=_("Issue it again"),
            value=_joined(ids),
            is_ticked=self.confirmation.recent.issuperset(ids),
            at=facts[0].earned_at if count == 1 else None,
        )

    def _issued_before(self, fact: EarnedBadge) -> str:
        """Return who issued a badge, and how many minutes ago."""
        minutes = max((self.now - fact.earned_at) // MINUTE, 0)
        ago = ngettext("%(count)d minute ago", "%(count)d minutes ago", minutes)
        values = {
            "ago": ago % {"count": minutes} if minutes else _("less than a minute ago"),
            "actor": fact.request.actor,
            "customer": fact.customer_id,
        }
        if fact.request.user_id == self.user.pk:
            return _("You issued this badge to customer %(customer)d %(ago)s.") % values
        return _("%(actor)s issued this badge to customer %(customer)d %(ago)s.") % values


def _without_record(customer_id: int) -> str:
    return _("No record of customer %(id)d yet: check the number.") % {"id": customer_id}


def _joined(values: Iterable[int | str]) -> str:
    return " ".join(map(str, values))
