"""Custom fields at the desk: permissions, rows, refusals, and the values of badges."""

import pytest

from badges.models import BadgeMeta, Channel, CustomField, CustomValue, Operation, RequestLog
from tests.conftest import shown
from tests.desk.definitions.forms import NEW as NEW_BADGE
from tests.desk.definitions.forms import badge_form
from tests.factories import BadgeMetaFactory, EarnedBadgeFactory, UserFactory

pytestmark = pytest.mark.django_db

LIST = "/desk/fields/"
NEW = f"{LIST}new/"
TERMS = {"name": "Terms", "data_type": "STRING", "is_mandatory": "on", "default_value": "None"}


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    return client


@pytest.fixture
def terms(db):
    return CustomField.objects.create(name="Terms", data_type="STRING")


def page_of(field, rest=""):
    return f"{LIST}{field.pk}/{rest}"


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [("Supervisor", 200, 200), ("Auditor", 200, 403), ("MemberCare", 200, 403), (None, 403, 403)],
)
def test_each_page_of_custom_fields_requires_its_permission(client, terms, role, reads, writes):
    client.force_login(UserFactory(role=role))

    for page in (LIST, f"{LIST}?active=no", page_of(terms)):
        assert client.get(page).status_code == reads
    for page in (NEW, page_of(terms, "edit/"), page_of(terms, "disable/")):
        assert client.get(page).status_code == writes


@pytest.mark.parametrize("address", [NEW, "{}edit/", "{}disable/"])
def test_submitting_a_custom_field_requires_its_permission(client, auditor, terms, address):
    client.force_login(auditor)

    answer = client.post(address.format(page_of(terms)), TERMS)

    assert answer.status_code == 403
    assert CustomField.objects.values_list("name", "default_value", "active").get() == (
        *("Terms", ""),
        True,
    )
    assert not RequestLog.objects.exists()


@pytest.mark.parametrize("rest", ["", "edit/", "disable/"])
def test_an_unknown_or_disabled_field_has_no_page(desk, terms, rest):
    CustomField.objects.update(active=False)

    for pk in (terms.pk, "0" * 24, "nothing"):
        assert desk.get(f"{LIST}{pk}/{rest}").status_code == 404


def test_a_custom_field_is_created_by_the_service(desk, supervisor):
    answer = desk.post(NEW, TERMS)

    field = CustomField.objects.get()
    assert answer["Location"] == page_of(field)
    assert (field.name, field.data_type, field.is_mandatory) == ("Terms", "STRING", True)
    assert (field.default_value, field.active) == ("None", True)
    request = RequestLog.objects.get()
    assert (request.operation, request.channel) == (
        Operation.CREATE_CUSTOM_FIELD,
        Channel.MEMBERCARE,
    )
    assert request.user == supervisor


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"name": ""}, "name", None),
        ({"name": "a\0b"}, "name", None),
        ({"data_type": ""}, "data_type", None),
        ({"data_type": "COLOUR"}, "data_type", None),
        ({"default_value": "x" * 1001}, "default_value", None),
        ({"name": "Taken"}, "name", 740),
        ({"default_value": ""}, "default_value", 742),
        ({"data_type": "INTEGER"}, "default_value", 744),
        ({"data_type": "BOOLEAN", "default_value": "yes"}, "default_value", 400),
        ({"data_type": "DATE", "default_value": "soon"}, "default_value", 400),
    ],
)
def test_the_refusal_of_a_custom_field_is_a_field_error(desk, wrong, field, code):
    CustomField.objects.create(name="Taken", data_type="STRING")

    answer = desk.post(NEW, TERMS | wrong)

    assert list(answer.context["form"].errors) == [field]
    assert answer.context["form"].fields[field].widget.attrs["autofocus"]
    assert CustomField.objects.get().name == "Taken"
    assert [request.code for request in RequestLog.objects.all()] == ([code] if code else [])


def test_an_edit_never_changes_the_type(desk, terms):
    assert "The type of data never changes." in desk.get(page_of(terms, "edit/")).text

    fields = {"name": "Small print", "data_type": "INTEGER", "default_value": "-"}
    answer = desk.post(page_of(terms, "edit/"), fields | shown(terms))

    assert answer["Location"] == page_of(terms)
    field = CustomField.objects.get()
    assert (field.name, field.data_type, field.default_value) == ("Small print", "STRING", "-")
    assert RequestLog.objects.get().operation == Operation.UPDATE_CUSTOM_FIELD


def test_a_custom_field_is_disabled_after_a_confirmation(desk, terms, live_badge):
    CustomValue.objects.create(badge=live_badge, field=terms, value="See the shop")
    EarnedBadgeFactory(badge=live_badge, customer_id=1001)
    shows = [f"/desk/badges/{live_badge.pk}/", "/desk/customers/1001/"]
    assert all("See the shop" in desk.get(page).text for page in shows)

    assert "What 1 badge says in it" in desk.get(page_of(terms, "disable/")).text
    assert CustomField.objects.get().active
    answer = desk.post(page_of(terms, "disable/"), follow=True)

    assert "is disabled now" in answer.text
    assert not CustomField.objects.get().active
    assert CustomValue.objects.get().value == "See the shop"
    assert not any("See the shop" in desk.get(page).text for page in shows)
    assert f'name="custom_{terms.pk}"' not in desk.get(NEW_BADGE).text
    assert [field.name for field in desk.get(f"{LIST}?active=no").context["page"]] == ["Terms"]
    assert RequestLog.objects.first().operation == Operation.UPDATE_CUSTOM_FIELD


def test_the_list_has_the_active_custom_fields_by_name(desk, terms):
    CustomField.objects.create(name="Area", data_type="INTEGER")
    CustomField.objects.create(name="Old", data_type="DATE", active=False)
    for badge in BadgeMetaFactory.create_batch(2):
        CustomValue.objects.create(badge=badge, field=terms, value="x")

    shown = desk.get(LIST).context["page"]

    assert [(field.name, field.use_count) for field in shown] == [("Area", 0), ("Terms", 2)]


def test_the_page_of_a_custom_field_shows_the_values_of_badges(desk, terms, live_badge):
    CustomValue.objects.create(badge=live_badge, field=terms, value="<b>no cash</b>")
    BadgeMetaFactory(name="Silent")

    text = desk.get(page_of(terms)).text

    assert f'href="/desk/badges/{live_badge.pk}/"' in text
    assert "&lt;b&gt;no cash&lt;/b&gt;" in text
    assert "Silent" not in text


def test_empty_pages_of_custom_fields_show_the_next_step(desk, client, auditor):
    assert NEW in desk.get(LIST).text
    assert "No custom field was disabled" in desk.get(f"{LIST}?active=no").text
    field = CustomField.objects.create(name="Terms", data_type="STRING")
    assert "You can fill it in on the form of each badge" in desk.get(page_of(field)).text
    field.delete()
    client.force_login(auditor)
    assert "A supervisor can create one." in client.get(LIST).text


def test_the_pages_of_custom_fields_of_a_reader_have_no_forms(client, auditor, terms):
    client.force_login(auditor)

    text = client.get(page_of(terms)).text + client.get(LIST).text

    assert not any(address in text for address in (NEW, "edit/", "disable/"))


@pytest.mark.parametrize(
    ("data_type", "default", "given", "kept"),
    [
        ("STRING", "None", "", "None"),
        ("INTEGER", "1", "12", "12"),
        ("BOOLEAN", "true", "false", "false"),
        ("DATE", "2026-12-31", "", "2026-12-31"),
    ],
)
def test_a_badge_has_a_value_in_a_new_custom_field(desk, data_type, default, given, kept):
    assert f'href="{NEW}"' in desk.get(NEW_BADGE).text
    desk.post(NEW, TERMS | {"data_type": data_type, "default_value": default})
    field = CustomField.objects.get()

    assert f'name="custom_{field.pk}"' in desk.post(f"{NEW_BADGE}?check", badge_form()).text
    desk.post(NEW_BADGE, badge_form(**{f"custom_{field.pk}": given}))

    badge = BadgeMeta.objects.get()
    assert badge.custom_values.get().value == kept
    assert f'href="{page_of(field)}"' in desk.get(f"/desk/badges/{badge.pk}/").text


def test_the_query_count_of_the_pages_of_custom_fields_is_constant(
    desk, django_assert_max_num_queries, terms
):
    CustomField.objects.bulk_create(
        CustomField(name=f"Field {number}", data_type="STRING") for number in range(25)
    )
    for badge in BadgeMetaFactory.create_batch(25):
        CustomValue.objects.create(badge=badge, field=terms, value="x")

    for page in (LIST, page_of(terms)):
        with django_assert_max_num_queries(10):
            assert len(desk.get(page).context["page"]) == 20
