"""The URLs of customers, and of facts in their timelines."""

from django.urls import reverse

from badges.desk.customers.timeline import cursor_of
from badges.models import EarnedBadge, Enrolment


def customer_url(customer_id: int) -> str:
    return reverse("desk:customer", args=[customer_id])


def timeline_url(fact: EarnedBadge | Enrolment) -> str:
    """Return the URL of a fact in the timeline of its badge."""
    page = reverse("desk:customer_badge", args=[fact.customer_id, fact.badge_id])
    return f"{page}?at={cursor_of(fact)}#at-{fact.pk}"
