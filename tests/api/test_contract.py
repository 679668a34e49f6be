"""The API is what its OpenAPI description says: every operation, asked what a tool thinks up."""

from dataclasses import dataclass

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from badgeadmin.wsgi import inside
from badges.services.enrol import enrol_customers
from badges.services.groups import create_custom_field, create_group
from tests.api.conftest import TRIGGER, basic
from tests.factories import CUSTOMER, LOYALTY, BadgeMetaFactory

pytestmark = pytest.mark.django_db

# The badge of the examples in the description: whoever copies one meets it.
DIRECT = "66276dc68fe258516a88ff8e"
ENROLMENTS = "/badgeMeta/customer/"
ALL_OF, THEN_EVERY = 100, 5

description = schemathesis.openapi.from_dict(
    SchemaGenerator().get_schema(request=None, public=True),
    config=SchemathesisConfig.from_dict(
        {
            "generation": {"deterministic": True},
            "checks": {
                # What a schema allows may be refused with 400 all the same: by the rules (750, 809,
                # 816, ...), and for a NUL or too deep a nest in a field that nobody knows (3.15).
                "positive_data_acceptance": {"enabled": False},
            },
            "operations": [
                {
                    # An item that is refused comes inside a 200, beside those that are done.
                    "include-path": "/api_gateway/v1/badges/import/customerBadges",
                    "checks": {"negative_data_rejection": {"enabled": False}},
                }
            ],
        }
    ),
)
description.app = inside


@dataclass
class World:
    """Whom to ask as, and what there is to ask about, by the names of the wire."""

    headers: dict
    known: dict
    enrolled: str
    asked: int = 0

    def is_enough(self) -> bool:
        """Whether to leave a request out: a body of many fields is asked about a sample."""
        self.asked += 1
        return self.asked > ALL_OF and self.asked % THEN_EVERY > 0

    def ask_about(self, case):
        """Let a valid request mean what there is, wherever it names something."""
        known = self.known
        if ENROLMENTS in case.path:
            known = known | {"badgeMetaId": self.enrolled}
        for part in (case.path_parameters, case.query, case.body):
            if isinstance(part, dict):
                part.update({name: known[name] for name in known if name in part})
        if "requestId" in case.path_parameters:
            case.path_parameters["requestId"] = "tour-1"


@pytest.fixture
def one_connection():
    """Keep the connection of the test, which the server would close between two requests."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def world(one_connection, api_origin, integrator, earn):
    """An integrator with a badge, an earned one, an enrolment, a group and a custom field."""
    direct = BadgeMetaFactory(pk=DIRECT, claimed=True)
    enrolled = BadgeMetaFactory(enrolled=True, claimed=True)
    earned = earn(direct, request_id="tour-1")
    enrol_customers(
        origin=api_origin, request_id="tour-2", badge_id=enrolled.pk, customer_ids=[CUSTOMER]
    )
    group = create_group(origin=api_origin, name="Summer", rank=1)
    custom_field = create_custom_field(origin=api_origin, name="Terms", data_type="STRING")
    known = {
        **dict.fromkeys(["badgeId", "badgeMetaId", "id"], DIRECT),
        **dict.fromkeys(["groupId", "badgeGroupId"], group.pk),
        "fieldId": custom_field.pk,
        "customerId": CUSTOMER,
        "earnedBadgeId": earned.pk,
        "triggeredBy": TRIGGER,
        "ownerType": LOYALTY.owner_type,
        "startOnISO": direct.starts_at.isoformat(),
        "expiresOnISO": direct.expires_at.isoformat(),
    }
    authorization = basic(integrator.client_id)["authorization"]
    return World({"Authorization": authorization}, known, enrolled.pk)


@description.parametrize()
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_every_operation_keeps_to_its_description(world, case):
    if world.is_enough():
        return
    if case.meta.generation.mode.is_positive:
        world.ask_about(case)
    with transaction.atomic():  # the next request meets the same world
        case.call_and_validate(headers=world.headers, base_url="http://localhost")
        transaction.set_rollback(True)
