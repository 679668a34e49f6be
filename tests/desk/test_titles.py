"""Titles of pages, which tell the tabs of a browser apart (F39)."""

import re

import pytest
from django.urls import reverse

from badges.models import BadgeGroup, Channel, CustomField
from badges.services.record import exports
from badges.services.request_log import Origin
from tests.factories import (
    BadgeMetaFactory,
    EarnedBadgeFactory,
    IntegratorFactory,
    RequestLogFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

NAME = "Gold"


@pytest.fixture
def addresses(audit_files):
    """Return the addresses of pages about rows with the same name, and of two rows of each kind."""
    badge = BadgeMetaFactory(name=NAME, enrolled=True)
    group = BadgeGroup.objects.create(name=NAME, rank=1)
    field = CustomField.objects.create(name=NAME, data_type="STRING")
    integrator = IntegratorFactory(name=NAME)
    earned = [EarnedBadgeFactory(badge=badge, customer_id=customer) for customer in (1, 2)]
    people = [UserFactory(username=name) for name in (NAME, "Silver")]
    requests = [RequestLogFactory(refused=True) for _number in range(2)]
    origin = Origin(channel=Channel.COMMAND)
    files = [
        exports.begin_export(origin=origin, ledger="issued", format="CSV", query="")
        for _number in range(2)
    ]
    return [
        reverse("desk:definition", args=[badge.pk]),
        *(reverse("desk:customer_badge", args=[each.customer_id, badge.pk]) for each in earned),
        *(reverse("desk:enrol", args=[each.customer_id, badge.pk]) for each in earned),
        *(reverse("desk:customer", args=[each.customer_id]) for each in earned),
        *(reverse("desk:receipt", args=[each.request_id]) for each in earned),
        *(reverse("desk:request", args=[each.pk]) for each in requests),
        *(reverse("desk:export", args=[each.pk]) for each in files),
        *(reverse(f"desk:definition-{verb}", args=[badge.pk]) for verb in ("edit", "duplicate")),
        reverse("desk:definition-switch", args=[badge.pk]),
        *(reverse(f"desk:group{verb}", args=[group.pk]) for verb in ("", "-edit", "-switch")),
        *(reverse(f"desk:field{verb}", args=[field.pk]) for verb in ("", "-edit", "-disable")),
        reverse("desk:integrator", args=[integrator.pk]),
        *(reverse("desk:person", args=[each.pk]) for each in people),
        *(reverse("desk:person-switch", args=[each.pk]) for each in people),
        *(reverse("desk:history", args=[kind]) for kind in ("issued", "enrolments", "revoked")),
        reverse("desk:revoke"),
        f"{reverse('desk:revoke')}?earned={earned[0].pk}",
        *(
            reverse(f"desk:{name}")
            for name in ("home", "find", "issue", "requests", "exports", "people")
        ),
    ]


def test_every_page_has_a_title_of_its_own(client, addresses):
    client.force_login(UserFactory(is_superuser=True))

    titles = [title_of(client.get(address)) for address in addresses]

    assert sorted(titles) == sorted(set(titles))


def title_of(page):
    assert page.status_code == 200
    return " ".join(re.search(r"<title>(.*?)</title>", page.text, re.DOTALL)[1].split())
