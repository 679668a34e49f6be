"""Named questions about the tables."""

from datetime import datetime

from django.db import connection, models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Concat


class BadgeMetaQuerySet(models.QuerySet):
    def live(self, at: datetime):
        """Active badges inside their period."""
        return self.filter(active=True, starts_at__lte=at, expires_at__gt=at)

    def named_like(self, text: str):
        """Badges whose name holds the text, or whose id it is."""
        return self.filter(Q(name__icontains=text) | Q(pk=text.strip().lower()))

    def with_parts(self):
        """With owners, limits and claims, as a definition needs them."""
        return self.prefetch_related("owners", "limits", "claims")

    def hold(
        self, badge_id: str, version: int, *, customer_id: int | None, alone: bool = False
    ) -> bool:
        """Keep the badge as it is until the transaction ends; False when `version` has passed.

        With a `customer_id` others may hold the badge too, but for other customers, and if `alone`
        for none; without one nobody else holds it. An edit waits for all of them.
        """
        if connection.vendor != "postgresql":  # SQLite: the transaction already holds the database
            return self.filter(pk=badge_id, version=version).exists()
        # Whoever waited for an edit is left with its lock on the new version, and may then need the
        # next stronger one. Of these two, unlike SHARE, many can step up without a deadlock.
        locks, mode = "1", "NO KEY UPDATE"
        if customer_id is None:
            mode = "UPDATE"
        elif not alone:
            locks, mode = "pg_advisory_xact_lock(hashtextextended(%(customer)s, 0))", "KEY SHARE"
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {locks} FROM badges_badgemeta"  # noqa: S608 - both parts are literals
                f" WHERE id = %(badge)s AND version = %(version)s FOR {mode}",
                {
                    "badge": badge_id,
                    "version": version,
                    "customer": f"{badge_id}/{customer_id}",
                },
            )
            return cursor.fetchone() is not None


class ClaimQuerySet(models.QuerySet):
    def active(self):
        return self.filter(active=True)

    def of(self, owner):
        """Claims that equal a trigger."""
        return self.filter(owner_type=owner.owner_type, reference_id=owner.reference_id)


class IntegratorQuerySet(models.QuerySet):
    def with_rights(self):
        """One row for each right of the access groups: `right` is "app_label.codename" or null."""
        permission = "access_groups__permissions"
        return self.annotate(
            right=Case(
                When(
                    Q(**{f"{permission}__isnull": False}),
                    then=Concat(
                        f"{permission}__content_type__app_label",
                        Value("."),
                        f"{permission}__codename",
                    ),
                )
            )
        )


class RequestLogQuerySet(models.QuerySet):
    def accepted(self):
        return self.filter(outcome="ACCEPTED")


class FactQuerySet(models.QuerySet):
    def standing(self):
        """Not revoked; whether it has expired is another question."""
        return self.filter(revoked_at__isnull=True)

    def of_customers(self, badge_id: str, customer_ids):
        return self.filter(badge_id=badge_id, customer_id__in=customer_ids)


class EnrolmentQuerySet(FactQuerySet):
    def covering(self, moment: datetime):
        """Standing enrolments whose period holds the moment."""
        return self.standing().filter(event_at__lte=moment, expires_at__gt=moment)

    def overlapping(self, since: datetime, until: datetime):
        """Standing enrolments that share a moment with since .. until."""
        return self.standing().filter(event_at__lt=until, expires_at__gt=since)
