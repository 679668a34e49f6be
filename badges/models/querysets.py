"""Named queries on the tables."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack

from django.db import connection, models
from django.db.models import Case, Count, F, OuterRef, Prefetch, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, Concat

from badges.models.badge_filters import FILTERS, ColumnFilters
from badges.models.choices import Channel, EarnType, ExpiryKind, Operation, RequestOutcome, Status
from badges.models.names import search_key
from badges.models.values import Owner
from badges.paging import MAX_LISTED

if TYPE_CHECKING:
    from badges.models.definitions import BadgeMeta, Claim
    from badges.models.integrators import Integrator
    from badges.models.ledgers import EarnedBadge, Enrolment, Fact
    from badges.models.requests import RequestLog, StoredAnswer
    from badges.models.seals import Seal
    from badges.models.summaries import DailyCount

FactT = TypeVar("FactT", bound="Fact")
ModelT = TypeVar("ModelT", bound=models.Model)

MIN_TRIGRAM_LENGTH = 3


def name_contains(text: str, *, path: str = "") -> Q:
    """Return the condition that a name contains a text, in any spelling of both.

    `path` leads to the row with the name. Rows that an older version of the code inserted have no
    key until they are saved again.
    """
    key = search_key(text)
    if not key:  # only invisible characters: every name contains the empty key
        return Q(pk__in=[])
    without_key = Q(**{f"{path}search_key": "", f"{path}name__icontains": text})
    return Q(**{f"{path}search_key__contains": key}) | without_key


def key_contains(text: str, rows: models.QuerySet[ModelT]) -> Q:
    """Return the condition that the search key of one of these rows contains a text.

    PostgreSQL finds three or more characters with a trigram index. One or two characters are
    searched only at the beginning of words if there are more rows than a page may read.
    """
    key = search_key(text)
    if not key:
        return Q(pk__in=[])
    if len(key) < MIN_TRIGRAM_LENGTH and rows.order_by("pk")[MAX_LISTED:].exists():
        return Q(search_key__startswith=key) | Q(search_key__contains=f" {key}")
    return Q(search_key__contains=key)


def name_or_key_contains(text: str, rows: models.QuerySet[ModelT]) -> Q:
    """Return the condition of a page that searches for names (`key_contains`).

    Rows that an older version of the code inserted have no key until they are saved again. The
    condition on their empty key is "at most" instead of "equals", for which PostgreSQL would scan
    the whole trigram index.
    """
    without_key = Q(search_key__lte="", name__icontains=text)
    return key_contains(text, rows) | without_key if search_key(text) else Q(pk__in=[])


def first_keys(rows: models.QuerySet[ModelT]) -> list[Any]:
    """Return the primary keys of at most MAX_LISTED of these rows, in no order.

    Sorting would read every row that was found.
    """
    return list(rows.order_by().values_list("pk", flat=True)[:MAX_LISTED])


def keys_matching(text: str, rows: models.QuerySet[ModelT]) -> list[Any]:
    """Return the keys of at most MAX_LISTED rows whose search key contains every word of a text."""
    return first_keys(rows.filter(*(key_contains(word, rows) for word in text.split())))


class BadgeMetaQuerySet(models.QuerySet["BadgeMeta"]):
    def live(self, at: datetime) -> Self:
        """Return active badges within their period."""
        return self.filter(active=True, starts_at__lte=at, expires_at__gt=at)

    def named_like(self, text: str) -> Self:
        """Return at most MAX_LISTED badges whose name contains the text, or whose id is the text.

        A query of its own fetches their keys first, so that further filters read no other rows.
        """
        rows = self.model.objects.all()
        rows = rows.filter(name_or_key_contains(text, rows) | Q(pk=text.strip().lower()))
        return self.filter(pk__in=first_keys(rows))

    def with_status(self, statuses: Iterable[Status], at: datetime) -> Self:
        """Return badges with one of these statuses by their dates, active or not."""
        dates = {
            Status.UPCOMING: Q(starts_at__gt=at),
            Status.LIVE: Q(starts_at__lte=at, expires_at__gt=at),
            Status.EXPIRED: Q(expires_at__lte=at),
        }
        return self.filter(reduce(or_, (dates[status] for status in statuses)))

    def claimed_by(self, owner_type: str) -> Self:
        """Return badges with an active claim of an owner type, with any reference."""
        claimed = self.filter(claims__active=True, claims__owner_type=owner_type)
        return self.filter(pk__in=claimed.values("pk"))

    def in_group(self, group_id: str) -> Self:
        """Return badges of an active group; a disabled group has none (CONTRACT.md, 4.8)."""
        return self.filter(group_id=group_id, group__active=True)

    def matching(
        self,
        at: datetime,
        *,
        statuses: Collection[Status] = (),
        claimed_by: str | None = None,
        unclaimed: bool = False,
        group_id: str | None = None,
        name: str | None = None,
        **values: Unpack[ColumnFilters],
    ) -> Self:
        """Return badges that match all filters; `values` has those of FILTERS."""
        rows = self.filter(**{FILTERS[name]: value for name, value in values.items()})
        if name is not None:
            rows = rows.filter(name_contains(name))
        if statuses:
            rows = rows.with_status(statuses, at)
        if claimed_by is not None:
            rows = rows.claimed_by(claimed_by)
        if unclaimed:
            rows = rows.exclude(claims__active=True)
        return rows if group_id is None else rows.in_group(group_id)

    def earnable(self, enrolments: "EnrolmentQuerySet", at: datetime) -> Self:
        """Return badges that a customer with these enrolments may earn, as far as dates decide."""
        enrolled = enrolments.covering(at).values("badge")
        return self.live(at).filter(Q(earn_type=EarnType.EARN) | Q(pk__in=enrolled))

    def enrolable(self, enrolments: "EnrolmentQuerySet", at: datetime) -> Self:
        """Return badges for which a customer with these enrolments may be enrolled from now on."""
        expires_at_once = Q(
            enrolment_expiry_kind=ExpiryKind.FIXED_DATE, enrolment_expiry_at__lte=at
        )
        enrolled = enrolments.active(at).values("badge")
        return (
            self.live(at)
            .filter(~expires_at_once, earn_type=EarnType.ISSUE_EARN)
            .exclude(pk__in=enrolled)
        )

    def held(self, earned: "FactQuerySet[EarnedBadge]", at: datetime) -> Self:
        """Return badges for which one of these earned badges is active."""
        return self.filter(pk__in=earned.active(at).values("badge"))

    def earned(self, earned: "FactQuerySet[EarnedBadge]") -> Self:
        """Return badges for which one of these earned badges is not revoked, expired or not."""
        return self.filter(pk__in=earned.not_revoked().values("badge"))

    def lapsed(self, earned: "FactQuerySet[EarnedBadge]", at: datetime) -> Self:
        """Return badges for which all of these earned badges that are not revoked have expired."""
        return self.earned(earned).exclude(pk__in=earned.active(at).values("badge"))

    def with_earned(self, earned: "FactQuerySet[EarnedBadge]", at: datetime) -> Self:
        """Annotate the counts and last dates of these earned badges, and the latest active one."""
        of_customer = earned.not_revoked().filter(badge=OuterRef("pk")).order_by()
        active = of_customer.active(at)
        return self.annotate(
            earned_count=Subquery(of_customer.counted()),
            active_count=Coalesce(Subquery(active.counted()), 0),
            last_earned_at=Subquery(of_customer.order_by("-earned_at").values("earned_at")[:1]),
            last_event_at=Subquery(of_customer.order_by("-event_at").values("event_at")[:1]),
            earned_badge_id=Subquery(active.order_by("-earned_at", "-pk").values("pk")[:1]),
        )

    def by_rank(self) -> Self:
        """Order by the rank of active groups, then badges without one (CONTRACT.md, 4.8).

        Within a group, badges with a rank come first, and the others by their end, the latest
        first.
        """
        return self.order_by(
            Case(When(group__active=True, then="group__rank")).asc(nulls_last=True),
            Case(When(group__active=True, then="group__name")).asc(nulls_last=True),
            F("rank").asc(nulls_last=True),
            "-expires_at",
            "pk",
        )

    def with_rules(self) -> Self:
        """Prefetch owners and limits."""
        return self.prefetch_related("owners", "limits")

    def with_parts(self) -> Self:
        """Prefetch owners, limits and claims, which a definition needs."""
        return self.with_rules().prefetch_related("claims")

    def with_display_parts(self) -> Self:
        """Load the parts that are only displayed: group, images and custom fields."""
        return self.with_terms().select_related("group").prefetch_related("images")

    def with_terms(self) -> Self:
        """Load the custom fields, for example the terms of a badge."""
        values = self.model._meta.get_field("custom_values").related_model._default_manager
        return self.prefetch_related(Prefetch("custom_values", values.select_related("field")))

    def with_everything(self) -> Self:
        """Load the parts of a definition, and those that are only displayed."""
        return self.with_display_parts().with_parts()

    def lock(
        self, badge_id: str, version: int, *, customer_id: int | None, exclusive: bool = False
    ) -> bool:
        """Lock the badge until the transaction ends; return False if `version` is outdated.

        With a `customer_id`, other transactions may hold a lock of the same badge for other
        customers, unless `exclusive` is set. Without a `customer_id` the lock is exclusive. An edit
        waits for all of them.
        """
        statement, parameters = lock_statement(badge_id, version, customer_id, exclusive=exclusive)
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchone() is not None


def lock_statement(
    badge_id: str, version: int, customer_id: int | None, *, exclusive: bool
) -> tuple[str, dict[str, str | int]]:
    """Return the SQL of `lock` and its parameters; it selects a row if the badge was locked."""
    # A transaction that waited for an edit keeps its lock on the new version, and may then need the
    # next stronger mode. With these two modes, unlike with SHARE, many transactions can upgrade
    # without a deadlock.
    locks, mode = "1", "FOR NO KEY UPDATE"
    if connection.vendor != "postgresql":  # SQLite: the transaction already locks the database
        mode = ""
    elif customer_id is None:
        mode = "FOR UPDATE"
    elif not exclusive:
        locks, mode = "pg_advisory_xact_lock(hashtextextended(%(customer)s, 0))", "FOR KEY SHARE"
    statement = (
        f"SELECT {locks} FROM badges_badgemeta"  # noqa: S608 - both parts are literals
        f" WHERE id = %(badge)s AND version = %(version)s {mode}"
    )
    parameters: dict[str, str | int] = {
        "badge": badge_id,
        "version": version,
        "customer": f"{badge_id}/{customer_id}",
    }
    return statement, parameters


class ClaimQuerySet(models.QuerySet["Claim"]):
    def active(self) -> Self:
        return self.filter(active=True)

    def of(self, owner: Owner) -> Self:
        """Return the claims of an owner."""
        return self.filter(owner_type=owner.owner_type, reference_id=owner.reference_id)

    def with_reference(self, text: str) -> Self:
        """Return the claims with a reference, in any spelling.

        Rows that an older version of the code inserted have no key until they are saved again.
        """
        key = search_key(text)
        if not key:  # only invisible characters: no reference is empty
            return self.none()
        return self.filter(Q(search_key=key) | Q(search_key="", reference_id=text))

    def with_last_issued(
        self, issued: "FactQuerySet[EarnedBadge]", *, maximum: int, now: datetime
    ) -> Self:
        """Annotate the newest of these earned badges that was issued for each claim, or None.

        The search covers the last `maximum` earned badges of the badge until now, or until the
        claim was withdrawn. The ledger has no index by reference, because it would slow down every
        earn.
        """
        until = Case(When(active=True, then=Value(now)), default=F("updated_at"))
        of_badge = issued.filter(
            badge=OuterRef(OuterRef("badge")), earned_at__lte=OuterRef(OuterRef("until"))
        )
        last = issued.filter(
            pk__in=of_badge.order_by("-earned_at").values("pk")[:maximum],
            owner_type=OuterRef("owner_type"),
            reference_id=OuterRef("reference_id"),
        )
        newest = last.order_by("-earned_at", "-pk").values("pk")[:1]
        return self.annotate(until=until, last_issued_id=Subquery(newest))


class IntegratorQuerySet(models.QuerySet["Integrator"]):
    def named_like(self, text: str) -> Self:
        """Return at most MAX_LISTED integrators by a part of their name, or by client id.

        An empty text returns all integrators. A query of its own fetches the keys first.
        """
        if not text:
            return self.all()
        rows = self.model.objects.all()
        rows = rows.filter(name_or_key_contains(text, rows) | Q(client_id=text))
        return self.filter(pk__in=first_keys(rows))

    def with_rights(self) -> Self:
        """Return one row for each right of the access groups.

        `right` is "app_label.codename" or null.
        """
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


class RequestLogQuerySet(models.QuerySet["RequestLog"]):
    def accepted(self) -> Self:
        return self.filter(outcome=RequestOutcome.ACCEPTED)

    def refused(self) -> Self:
        return self.filter(outcome=RequestOutcome.REFUSED)

    def with_attempt(self) -> Self:
        """Annotate rows with the content of failed sign-ins as `attempt`, "" for all others.

        It is short, and `name_in_attempt` reads the name that was tried from it.
        """
        failed = Q(integrator=None, user=None) & ~Q(channel=Channel.COMMAND)
        attempt = Case(
            When(failed, then=F("content")),
            default=Value(""),
            output_field=models.TextField(),
        )
        return self.annotate(attempt=attempt)

    def for_list(self) -> Self:
        """Return the columns of a list: of the contents only those of failed sign-ins."""
        rows = self.select_related("badge", "integrator", "user", "stated").with_attempt()
        return rows.defer("content", "errors")

    def waiting_after(self, seal: "Seal | None") -> Self:
        """Return requests without a seal, oldest first; `seal` is the newest seal, or None."""
        return self.filter(pk__gt=seal.last_request if seal else 0).order_by("pk")


class SealQuerySet(models.QuerySet["Seal"]):
    def newest(self) -> "Seal | None":
        """Return the last seal, without its leaves, or None."""
        return self.defer("leaves").order_by("-number").first()

    def covering(self, request: int) -> "Seal | None":
        """Return the seal that covers a request, or None if it is not sealed yet."""
        return self.filter(last_request__gte=request).order_by("last_request").first()


class ByDayQuerySet(models.QuerySet[ModelT]):
    def between(self, first: date, last: date) -> Self:
        """Return the rows from the first to the last day, both inclusive."""
        return self.filter(day__range=(first, last))


class DailyCountQuerySet(ByDayQuerySet["DailyCount"]):
    def of_badge(self, badge_id: str = "", *, integrator_id: int = 0) -> Self:
        """Return the counts of one badge or of all together, by one integrator or by all actors."""
        return self.filter(badge_id=badge_id, integrator_id=integrator_id)

    def issued(self) -> Self:
        """Return the counts of issued badges, for all operations that issue them."""
        return self.filter(operation__in=Operation.issuing(), code=0)


class StoredAnswerQuerySet(models.QuerySet["StoredAnswer"]):
    def try_lock(self, integrator: "Integrator", key: str) -> bool:
        """Lock a key until the transaction ends; return False if another transaction has locked it.

        The lock never waits, so it cannot take part in a deadlock.
        """
        if connection.vendor != "postgresql":  # SQLite: the transaction already locks the database
            return True
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))",
                [f"Idempotency-Key {integrator.pk} {key}"],
            )
            (is_locked,) = cursor.fetchone()
        return bool(is_locked)


class FactQuerySet(models.QuerySet[FactT]):
    def not_revoked(self) -> Self:
        """Return facts that are not revoked, expired or not."""
        return self.filter(revoked_at__isnull=True)

    def active(self, at: datetime) -> Self:
        """Return facts that are neither revoked nor expired."""
        return self.not_revoked().filter(expires_at__gt=at)

    def lapsed(self, at: datetime) -> Self:
        """Return facts that are expired but not revoked."""
        return self.not_revoked().filter(expires_at__lte=at)

    def counted(self) -> "models.QuerySet[Fact, Mapping[str, object]]":
        """Return the number of facts for each badge, as one column."""
        return self.order_by().values("badge").annotate(count=Count("pk")).values("count")

    def of_customer(self, customer_id: int) -> Self:
        return self.filter(customer_id=customer_id)

    def of_customers(self, badge_id: str, customer_ids: Collection[int]) -> Self:
        return self.filter(badge_id=badge_id, customer_id__in=customer_ids)


class EnrolmentQuerySet(FactQuerySet["Enrolment"]):
    def covering(self, dt: datetime) -> Self:
        """Return enrolments that are not revoked and whose period contains `dt`."""
        return self.not_revoked().filter(event_at__lte=dt, expires_at__gt=dt)

    def overlapping(self, since: datetime, until: datetime) -> Self:
        """Return enrolments that are not revoked and overlap the period `since` .. `until`."""
        return self.not_revoked().filter(event_at__lt=until, expires_at__gt=since)
