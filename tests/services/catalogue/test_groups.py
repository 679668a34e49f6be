"""Groups and custom fields are created and changed with log rows; a refusal changes nothing."""

import pytest

from badges.models import BadgeGroup, CustomField, Operation, RequestLog, RequestOutcome
from badges.rules import MAX_ACTIVE_FIELDS
from badges.services.catalogue.definitions import BadgeDraft, create_badge, update_badge
from badges.services.catalogue.groups import (
    create_custom_field,
    create_group,
    update_custom_field,
    update_group,
)
from tests.conftest import refused
from tests.factories import NOW, BadgeMetaFactory

pytestmark = pytest.mark.django_db

UNKNOWN_ID = "0" * 24


@pytest.fixture
def origin(desk_origin):
    return desk_origin


@pytest.fixture
def gold(origin):
    return create_group(origin=origin, name="Gold", rank=1, now=NOW)


@pytest.fixture
def terms(origin):
    return create_custom_field(
        origin=origin,
        name="terms",
        data_type="STRING",
        is_mandatory=True,
        default_value="None",
        now=NOW,
    )


def last_request():
    return RequestLog.objects.first()


class TestGroups:
    def test_groups_are_stored_with_their_actor(self, gold, member_care):
        assert BadgeGroup.objects.get() == gold
        assert (gold.name, gold.rank, gold.active) == ("Gold", 1, True)
        assert (gold.created_by, gold.updated_by) == (member_care.pk, member_care.pk)
        request = RequestLog.objects.get()
        assert (request.operation, request.user, request.received_at) == (
            Operation.CREATE_GROUP,
            member_care,
            NOW,
        )

    def test_groups_are_changed_with_their_actor(self, gold, api_origin, integrator, member_care):
        update_group(origin=api_origin, group_id=gold.pk, name="Silver", rank=2, now=NOW)

        group = BadgeGroup.objects.get()
        assert (group.name, group.rank, group.active) == ("Silver", 2, True)
        assert (group.created_by, group.updated_by) == (member_care.pk, integrator.pk)
        assert last_request().operation == Operation.UPDATE_GROUP

    def test_groups_stay_disabled_by_default(self, gold, origin):
        for active, expected in [(False, False), (None, False), (True, True), (None, True)]:
            update_group(origin=origin, group_id=gold.pk, name="Gold", rank=1, active=active)
            assert BadgeGroup.objects.get().active is expected

    def test_groups_keep_unchanged_fields(self, gold, origin):
        update_group(origin=origin, group_id=gold.pk, active=False)
        update_group(origin=origin, group_id=gold.pk, rank=0)

        group = BadgeGroup.objects.get()
        assert (group.name, group.rank, group.active) == ("Gold", 0, False)

    def test_groups_have_a_unique_name_while_active(self, gold, origin):
        with refused(733):
            create_group(origin=origin, name="Gold", rank=2, now=NOW)
        assert BadgeGroup.objects.count() == 1
        assert last_request().outcome == RequestOutcome.REFUSED
        update_group(origin=origin, group_id=gold.pk, name="Gold", rank=1, active=False, now=NOW)
        create_group(origin=origin, name="Gold", rank=2, now=NOW)
        with refused(733):
            update_group(origin=origin, group_id=gold.pk, name="Gold", rank=1, active=True, now=NOW)
        assert not BadgeGroup.objects.get(pk=gold.pk).active

    @pytest.mark.parametrize("group_id", [UNKNOWN_ID, "junk", "\0", ""])
    def test_groups_that_do_not_exist_are_refused(self, origin, group_id):
        with refused(404):
            update_group(origin=origin, group_id=group_id, name="Gold", rank=1, now=NOW)
        assert RequestLog.objects.get().code == 404

    def test_groups_are_assigned_to_badges_only_while_active(self, gold, origin):
        badge = BadgeMetaFactory(group=gold)
        update_group(origin=origin, group_id=gold.pk, name="Gold", rank=1, active=False, now=NOW)
        draft = BadgeDraft(values={"group_id": gold.pk}, owners=["Loyalty"])

        update_badge(origin=origin, badge_id=badge.pk, draft=draft, now=NOW)  # already in the group

        with refused(400):
            update_badge(origin=origin, badge_id=BadgeMetaFactory().pk, draft=draft, now=NOW)


class TestCustomFields:
    def test_custom_fields_are_stored_with_their_actor(self, terms, member_care):
        field = CustomField.objects.get()
        assert (field.name, field.data_type, field.default_value) == ("terms", "STRING", "None")
        assert (field.is_mandatory, field.active) == (True, True)
        assert (field.created_by, field.updated_by) == (member_care.pk, member_care.pk)
        assert RequestLog.objects.get().operation == Operation.CREATE_CUSTOM_FIELD

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"name": "terms"}, 740),
            ({"is_mandatory": True}, 742),
            ({"data_type": "INTEGER", "default_value": "x"}, 744),
            ({"data_type": "BOOLEAN", "default_value": "1"}, 400),
            ({"data_type": "DATE", "default_value": "x"}, 400),
        ],
    )
    def test_custom_fields_that_are_refused_are_only_recorded(self, terms, origin, changes, code):
        with refused(code):
            create_custom_field(
                **{"origin": origin, "name": "other", "data_type": "STRING", "now": NOW} | changes
            )
        assert CustomField.objects.get() == terms
        assert last_request().code == code

    def test_active_custom_fields_have_a_maximum(self, terms, origin):
        fields = [
            CustomField(name=f"{number}", data_type="STRING", active=number < MAX_ACTIVE_FIELDS)
            for number in range(1, MAX_ACTIVE_FIELDS + 10)
        ]
        CustomField.objects.bulk_create(fields)
        new = {"origin": origin, "name": "other", "data_type": "STRING", "now": NOW}

        with refused(2003):
            create_custom_field(**new)
        assert not CustomField.objects.filter(name="other").exists()
        assert "200 active custom fields" in last_request().errors[0]["message"]

        update_custom_field(origin=origin, field_id=terms.pk, default_value="All", now=NOW)
        update_custom_field(origin=origin, field_id=fields[0].pk, active=False, now=NOW)
        create_custom_field(**new)
        with refused(2003):
            create_custom_field(**new | {"name": "one more"})

    def test_custom_fields_keep_unchanged_fields(self, terms, api_origin, integrator):
        update_custom_field(origin=api_origin, field_id=terms.pk, default_value="All", now=NOW)

        field = CustomField.objects.get()
        assert (field.name, field.default_value, field.is_mandatory) == ("terms", "All", True)
        assert field.updated_by == integrator.pk

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"data_type": "INTEGER"}, 400),
            ({"default_value": ""}, 742),
            ({"name": "other"}, 740),
        ],
    )
    def test_custom_fields_are_not_changed_to_invalid_values(self, terms, origin, changes, code):
        create_custom_field(origin=origin, name="other", data_type="STRING", now=NOW)
        with refused(code):
            update_custom_field(origin=origin, field_id=terms.pk, **changes, now=NOW)
        assert CustomField.objects.get(pk=terms.pk).data_type == "STRING"
        assert CustomField.objects.get(pk=terms.pk).default_value == "None"

    def test_custom_fields_stay_disabled_and_free_their_name(self, terms, origin):
        update_custom_field(origin=origin, field_id=terms.pk, active=False, now=NOW)
        with refused(400):
            update_custom_field(origin=origin, field_id=terms.pk, active=True, now=NOW)
        create_custom_field(origin=origin, name="terms", data_type="DATE", now=NOW)
        assert not CustomField.objects.get(pk=terms.pk).active

    @pytest.mark.parametrize("field_id", [UNKNOWN_ID, "junk", "\0"])
    def test_custom_fields_that_do_not_exist_are_refused(self, origin, field_id):
        with refused(404):
            update_custom_field(origin=origin, field_id=field_id, now=NOW)

    def test_custom_fields_of_a_badge_are_kept_by_an_edit_without_them(self, terms, origin):
        values = {
            "name": "Spring",
            "earn_type": "EARN",
            "starts_at": NOW,
            "expires_at": NOW.replace(year=2090),
            "earned_expiry_kind": "NEVER",
        }
        draft = BadgeDraft(values=values, owners=["Loyalty"], custom_fields={"terms": "Mine"})
        badge = create_badge(origin=origin, draft=draft, now=NOW)

        def value():
            return badge.custom_values.get().value

        draft = BadgeDraft(values={"name": "Summer"}, owners=["Loyalty"])
        update_badge(origin=origin, badge_id=badge.pk, draft=draft, now=NOW)
        assert value() == "Mine"

        draft = BadgeDraft(values={}, owners=["Loyalty"], custom_fields={})
        update_badge(origin=origin, badge_id=badge.pk, draft=draft, now=NOW)
        assert value() == "None"  # a mandatory field returns to its default
