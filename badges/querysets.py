"""Named questions about the tables."""

from datetime import date, datetime
from functools import reduce
from operator import or_

from django.db import connection, models
from django.db.models import Case, Count, F, OuterRef, Prefetch, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, Concat

# What a list of badges can be narrowed down by: a name for the callers, and the column.
FILTERS = {
    "name": "name__icontains",
    "earn_type": "earn_type",
    "active": "active",
    "owner_type": "owners__owner_type",
    "starts_before": "starts_at__lt",
    "starts_from": "starts_at__gte",
    "starts_after": "starts_at__gt",
    "ends_before": "expires_at__lt",
    "ends_by": "expires_at__lte",
    "ends_after": "expires_at__gt",
}


class BadgeMetaQuerySet(models.QuerySet):
    def live(self, at: datetime):
        """Active badges inside their period."""
        return self.filter(active=True, starts_at__lte=at, expires_at__gt=at)

    def named_like(self, text: str):
        """Badges whose name holds the text, or whose id it is."""
        return self.filter(Q(name__icontains=text) | Q(pk=text.strip().lower()))

    def of_status(self, statuses, at: datetime):
        """Badges whose dates say one of these, active or not."""
        dates = {
            "UPCOMING": Q(starts_at__gt=at),
            "LIVE": Q(starts_at__lte=at, expires_at__gt=at),
            "EXPIRED": Q(expires_at__lte=at),
        }
        return self.filter(reduce(or_, (dates[status] for status in statuses)))

    def claimed_by(self, owner_type: str):
        """Badges with an active claim of a module, whatever its reference."""
        claimed = self.filter(claims__active=True, claims__owner_type=owner_type)
        return self.filter(pk__in=claimed.values("pk"))

    def in_group(self, group_id: str):
        """Badges of an active group: a disabled one has none (contract, 4.8)."""
        return self.filter(group_id=group_id, group__active=True)

    def matching(
        self,
        at: datetime,
        *,
        statuses=(),
        claimed_by=None,
        unclaimed=False,
        group_id=None,
        **values,
    ):
        """Badges that every filter lets pass; `values` are those of FILTERS."""
        found = self.filter(**{FILTERS[name]: value for name, value in values.items()})
        if statuses:
            found = found.of_status(statuses, at)
        if claimed_by is not None:
            found = found.claimed_by(claimed_by)
        if unclaimed:
            found = found.exclude(claims__active=True)
        return found if group_id is None else found.in_group(group_id)

    def earnable(self, enrolments, at: datetime):
        """Badges that somebody with these enrolments may be given, as far as dates go."""
        enrolled = enrolments.covering(at).values("badge")
        return self.live(at).filter(Q(earn_type="EARN") | Q(pk__in=enrolled))

    def enrolable(self, enrolments, at: datetime):
        """Badges that somebody with these enrolments may be enrolled in, for a time from now."""
        over_at_once = Q(enrolment_expiry_kind="FIXED_DATE", enrolment_expiry_at__lte=at)
        enrolled = enrolments.active(at).values("badge")
        return self.live(at).filter(~over_at_once, earn_type="ISSUE_EARN").exclude(pk__in=enrolled)

    def held(self, earned, at: datetime):
        """Badges of which one of these earned badges is active."""
        return self.filter(pk__in=earned.active(at).values("badge"))

    def earned(self, earned):
        """Badges of which one of these earned badges stands, expired or not."""
        return self.filter(pk__in=earned.standing().values("badge"))

    def lapsed(self, earned, at: datetime):
        """Badges of which these earned badges have all expired."""
        return self.earned(earned).exclude(pk__in=earned.active(at).values("badge"))

    def with_earned(self, earned, at: datetime):
        """With how often each was earned, when last, and the latest of these that is active."""
        theirs = earned.standing().filter(badge=OuterRef("pk")).order_by()
        active = theirs.active(at)
        return self.annotate(
            earned_count=Subquery(theirs.counted()),
            active_count=Coalesce(Subquery(active.counted()), 0),
            last_earned_at=Subquery(theirs.order_by("-earned_at").values("earned_at")[:1]),
            last_event_at=Subquery(theirs.order_by("-event_at").values("event_at")[:1]),
            earned_badge_id=Subquery(active.order_by("-earned_at", "-pk").values("pk")[:1]),
        )

    def by_rank(self):
        """Active groups by their rank, then badges without one (contract, 4.8).

        Inside a group those with a rank come first, the others as they end, the last to end first.
        """
        return self.order_by(
            Case(When(group__active=True, then="group__rank")).asc(nulls_last=True),
            Case(When(group__active=True, then="group__name")).asc(nulls_last=True),
            F("rank").asc(nulls_last=True),
            "-expires_at",
            "pk",
        )

    def with_parts(self):
        """With owners, limits and claims, as a definition needs them."""
        return self.prefetch_related("owners", "limits", "claims")

    def with_everything(self):
        """With its parts, and what is only shown: group, images and custom fields."""
        values = self.model._meta.get_field("custom_values").related_model.objects
        custom = Prefetch("custom_values", values.select_related("field"))
        return self.select_related("group").prefetch_related("images", custom).with_parts()

    def hold(
        self, badge_id: str, version: int, *, customer_id: int | None, alone: bool = False
    ) -> bool:
        """Keep the badge as it is until the transaction ends; False when `version` has passed.

        With a `customer_id` others may hold the badge too, but for other customers, and if `alone`
        for none; without one nobody else holds it. An edit waits for all of them.
        """
        statement, given = held_if_unchanged(badge_id, version, customer_id, alone=alone)
        with connection.cursor() as cursor:
            cursor.execute(statement, given)
            return cursor.fetchone() is not None


def held_if_unchanged(
    badge_id: str, version: int, customer_id: int | None, *, alone: bool
) -> tuple[str, dict]:
    """Return the statement of `hold`, and its values: a row when the badge is held, else none."""
    # Whoever waited for an edit is left with its lock on the new version, and may then need the
    # next stronger one. Of these two, unlike SHARE, many can step up without a deadlock.
    locks, mode = "1", "FOR NO KEY UPDATE"
    if connection.vendor != "postgresql":  # SQLite: the transaction already holds the database
        mode = ""
    elif customer_id is None:
        mode = "FOR UPDATE"
    elif not alone:
        locks, mode = "pg_advisory_xact_lock(hashtextextended(%(customer)s, 0))", "FOR KEY SHARE"
    statement = (
        f"SELECT {locks} FROM badges_badgemeta"  # noqa: S608 - both parts are literals
        f" WHERE id = %(badge)s AND version = %(version)s {mode}"
    )
    given = {"badge": badge_id, "version": version, "customer": f"{badge_id}/{customer_id}"}
    return statement, given


class ClaimQuerySet(models.QuerySet):
    def active(self):
        return self.filter(active=True)

    def of(self, owner):
        """Claims that equal a trigger."""
        return self.filter(owner_type=owner.owner_type, reference_id=owner.reference_id)

    def with_last_issued(self, issued, *, most: int, now: datetime):
        """With the newest of these badges that was issued for each claim, if there is one.

        It is looked for among the last `most` that were issued of the badge until now, or until
        the claim was given up: the ledger has no order by reference, which each earn would pay for.
        """
        until = Case(When(active=True, then=Value(now)), default=F("updated_at"))
        of_badge = issued.filter(
            badge=OuterRef(OuterRef("badge")), earned_at__lte=OuterRef(OuterRef("until"))
        )
        last = issued.filter(
            pk__in=of_badge.order_by("-earned_at").values("pk")[:most],
            owner_type=OuterRef("owner_type"),
            reference_id=OuterRef("reference_id"),
        )
        newest = last.order_by("-earned_at", "-pk").values("pk")[:1]
        return self.annotate(until=until, last_issued_id=Subquery(newest))


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

    def refused(self):
        return self.filter(outcome="REFUSED")

    def waiting_after(self, seal):
        """Those that no seal holds yet, oldest first; `seal` is the newest one, or None."""
        return self.filter(pk__gt=seal.last_request if seal else 0).order_by("pk")


class SealQuerySet(models.QuerySet):
    def newest(self):
        """The last seal, without its leaves, or None."""
        return self.defer("leaves").order_by("-number").first()

    def holding(self, request: int):
        """The seal that holds a request, or None while it waits for one."""
        return self.filter(last_request__gte=request).order_by("last_request").first()


class ByDayQuerySet(models.QuerySet):
    def between(self, first: date, last: date):
        """Of some days, both inclusive."""
        return self.filter(day__range=(first, last))


class DailyCountQuerySet(ByDayQuerySet):
    def of_badge(self, badge_id: str = ""):
        """Of one badge, or of all together."""
        return self.filter(badge_id=badge_id)

    def issued(self):
        """Of badges that customers were given, by whatever operation."""
        return self.filter(operation__in=["EARN", "EARN_BULK", "IMPORT_EARNED"], code=0)


class StoredAnswerQuerySet(models.QuerySet):
    def hold(self, integrator, key: str) -> bool:
        """Keep all others with this key away until the transaction ends; False when one was first.

        Nobody waits here, so that nobody ever waits in a circle.
        """
        if connection.vendor != "postgresql":  # SQLite: the transaction already holds the database
            return True
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))",
                [f"Idempotency-Key {integrator.pk} {key}"],
            )
            return cursor.fetchone()[0]


class FactQuerySet(models.QuerySet):
    def standing(self):
        """Not revoked; whether it has expired is another question."""
        return self.filter(revoked_at__isnull=True)

    def active(self, at: datetime):
        """Standing, and not expired."""
        return self.standing().filter(expires_at__gt=at)

    def lapsed(self, at: datetime):
        """Standing, and expired."""
        return self.standing().filter(expires_at__lte=at)

    def counted(self):
        """How many there are for each badge, as one column."""
        return self.order_by().values("badge").annotate(count=Count("pk")).values("count")

    def of_customer(self, customer_id: int):
        return self.filter(customer_id=customer_id)

    def of_customers(self, badge_id: str, customer_ids):
        return self.filter(badge_id=badge_id, customer_id__in=customer_ids)


class EnrolmentQuerySet(FactQuerySet):
    def covering(self, moment: datetime):
        """Standing enrolments whose period holds the moment."""
        return self.standing().filter(event_at__lte=moment, expires_at__gt=moment)

    def overlapping(self, since: datetime, until: datetime):
        """Standing enrolments that share a moment with since .. until."""
        return self.standing().filter(event_at__lt=until, expires_at__gt=since)
