"""The questions that a user of the desk answers before a badge is issued or a customer enrolled.

The API, imports and commands confirm nothing: their callers pass no `Confirmation`, and are not
asked (CONTRACT.md, 6.2).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, Max

from badges.models import EarnedBadge, Enrolment
from badges.models.querysets import FactQuerySet

RECENT = timedelta(minutes=10)

# The columns of VALUES have this name on PostgreSQL and on SQLite. Each number costs one read of an
# index per ledger, however many rows its customer has.
WITHOUT_RECORD = f"""SELECT column1 FROM (VALUES %s) AS given
WHERE NOT EXISTS (SELECT 1 FROM {EarnedBadge._meta.db_table} WHERE customer_id = column1)
AND NOT EXISTS (SELECT 1 FROM {Enrolment._meta.db_table} WHERE customer_id = column1)
"""  # noqa: S608 - names of tables alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """The answers of a user: confirmed numbers of customers without a record, and recent issues.

    `recent` has the ids of the earned badges that the user was shown. One that was issued since is
    not among them, so the user is asked again.
    """

    new_customers: frozenset[int] = frozenset()
    recent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Held:
    """How often a customer holds a badge, without revoked ones, and the last time of issue."""

    times: int
    last_earned_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """The facts to confirm: customers without a record, and recent issues of the badge.

    `recent` has the last badge that a customer received within RECENT, by customer. `held` has
    every customer with the badge.
    """

    new_customers: frozenset[int] = frozenset()
    recent: Mapping[int, EarnedBadge] = field(default_factory=dict)
    held: Mapping[int, Held] = field(default_factory=dict)

    def about(self, customer_ids: Collection[int]) -> "Questions":
        """Return the questions about some of the customers."""
        return replace(
            self,
            new_customers=self.new_customers.intersection(customer_ids),
            recent={
                customer_id: fact
                for customer_id, fact in self.recent.items()
                if customer_id in customer_ids
            },
        )

    def unanswered(self, confirmation: Confirmation) -> "Questions":
        """Return the questions that a confirmation does not answer."""
        return replace(
            self,
            new_customers=self.new_customers - confirmation.new_customers,
            recent={
                customer_id: fact
                for customer_id, fact in self.recent.items()
                if fact.pk not in confirmation.recent
            },
        )


class ConfirmationNeeded(Exception):  # noqa: N818 - nothing is wrong
    """The user has to confirm something first. Nothing was written, and no request is logged."""


def questions_about_enrolment(customer_ids: Collection[int]) -> Questions:
    """Return the questions before these customers are enrolled."""
    return Questions(new_customers=_without_record(customer_ids))


def questions_about_earn(
    badge_id: str | None, customer_ids: Collection[int], now: datetime
) -> Questions:
    """Return the questions before these customers are given a badge at `now`.

    `badge_id` is None for a badge that does not exist.
    """
    if badge_id is None:
        return questions_about_enrolment(customer_ids)
    earned = EarnedBadge.objects.not_revoked().of_customers(badge_id, customer_ids)
    rows = earned.order_by().values_list("customer_id")
    counts = rows.annotate(times=Count("pk"), last_earned_at=Max("earned_at"))
    held = {customer_id: Held(times, last) for customer_id, times, last in counts}
    since = now - RECENT
    is_recent = any(each.last_earned_at > since for each in held.values())
    return Questions(
        new_customers=_without_record([each for each in customer_ids if each not in held]),
        recent=_recent(earned, since) if is_recent else {},
        held=held,
    )


def check_enrolment(confirmation: Confirmation | None, customer_ids: Collection[int]) -> None:
    """Raise ConfirmationNeeded if a question about an enrolment is not answered.

    Nothing is asked without a confirmation. Call it under the lock of the badge and customers.
    """
    if confirmation is not None:
        _check(questions_about_enrolment(customer_ids), confirmation)


def check_earn(
    confirmation: Confirmation | None, badge_id: str, customer_ids: Collection[int], now: datetime
) -> None:
    """Raise ConfirmationNeeded if a question about an earn is not answered.

    Nothing is asked without a confirmation. Call it under the lock of the badge and customers, so
    that of two users who issue at the same time one is asked.
    """
    if confirmation is not None:
        _check(questions_about_earn(badge_id, customer_ids, now), confirmation)


def _check(questions: Questions, confirmation: Confirmation) -> None:
    unanswered = questions.unanswered(confirmation)
    if unanswered.new_customers or unanswered.recent:
        raise ConfirmationNeeded


def _recent(earned: FactQuerySet[EarnedBadge], since: datetime) -> dict[int, EarnedBadge]:
    """Return the last of these badges that was issued after a time, by customer."""
    facts = earned.filter(earned_at__gt=since).order_by("earned_at", "pk")
    facts = facts.select_related("request__user", "request__integrator").defer("request__content")
    return {fact.customer_id: fact for fact in facts}


def _without_record(customer_ids: Collection[int]) -> frozenset[int]:
    """Return the customers that were never enrolled and never given a badge."""
    if not customer_ids:
        return frozenset()
    statement = WITHOUT_RECORD % ", ".join(["(%s)"] * len(customer_ids))
    with connection.cursor() as cursor:
        cursor.execute(statement, list(customer_ids))
        return frozenset(customer_id for (customer_id,) in cursor.fetchall())
