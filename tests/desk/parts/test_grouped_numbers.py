"""A number with separators is never read as several customers, in any field."""

import pytest

from badges.desk.parts.forms import CustomerIdField, CustomerIdsField
from badges.models import EarnedBadge
from tests.api.conftest import ApiClient
from tests.desk.conftest import ISSUE, PREVIEW
from tests.factories import BadgeMetaFactory, EarnedBadgeFactory

pytestmark = pytest.mark.django_db

FIND = "/desk/find/"
GROUPED = [
    "62,090,013",
    "62.090.013",
    "62 090 013",
    "62'090'013",
    "62\u2019090\u2019013",
    "62_090_013",
    "62·090·013",
    "62-090-013",
    "62\u00a0090\u00a0013",
    "62\u202f090\u202f013",
    "62\u2009090\u2009013",
    "62\u2007090\u2007013",
    "62\u3000090\u3000013",
    "1,234",
    "1\u00a02345",
    "6,20,90,013",
    "6 20 90 013",
    "5,12,345",
    "6209 0013",
    "6209,0013",
    "62, 090, 013",
    "62 ,090 ,013",
    "62 . 090 . 013",
    "\u0666\u0662\u066c\u0660\u0669\u0660\u066c\u0660\u0661\u0663",
    "\uff16\uff12\uff0c\uff10\uff19\uff10\uff0c\uff10\uff11\uff13",
    "62,090,013.00",
    "62.090.013,00",
]
LISTS = {
    "1001,1002,1003": [1001, 1002, 1003],
    "1001 1002 1003": [1001, 1002, 1003],
    "101, 102, 103": [101, 102, 103],
    "101;102;103": [101, 102, 103],
    "101\t102\t103": [101, 102, 103],
    "101\r\n102\n103": [101, 102, 103],
    "62090013,62090014": [62090013, 62090014],
    "1001,102": [1001, 102],
    "1,2,100": [1, 2, 100],
    " ".join(map(str, range(1, 201))): list(range(1, 201)),
    ",".join(map(str, range(1, 120))): list(range(1, 120)),
    "3, 1\n2;  1 4": [3, 1, 2, 4],
    "1,\u00a02": [1, 2],
    "\u00a01001\u00a0": [1001],
    "007": [7],
    "0001\n0002": [1, 2],
}


@pytest.fixture
def issued(desk, filled):
    """Return a function that issues to the given customer ids.

    It returns the text of the page and the number of issued badges.
    """

    def issue(typed):
        page = desk.post(ISSUE, filled(customer_id=typed)).content.decode()
        return page, EarnedBadge.objects.count()

    return issue


def shown(text):
    return f"“{text}” can be one number or several."


@pytest.mark.parametrize("typed", GROUPED)
@pytest.mark.parametrize(
    "around", ["{}", "1001\n{}", "{}; 1001", "1001, {}", "{} 123456", "7 {}", "7, {}", "1001,{}"]
)
def test_a_grouped_number_is_refused_in_any_text(typed, around):
    field = CustomerIdsField()

    with pytest.raises(Exception, match="can be one number or several") as refused:
        field.clean(around.format(typed))

    assert refused.value.code == "grouped"


@pytest.mark.parametrize(("typed", "customer_ids"), LISTS.items())
def test_a_list_of_numbers_stays_a_list(typed, customer_ids):
    assert CustomerIdsField().clean(typed) == customer_ids


@pytest.mark.parametrize("typed", ["62,090,013", "62 090 013", "6,20,90,013"])
def test_a_grouped_number_issues_nothing_and_is_shown_again(issued, typed):
    page, count = issued(typed)

    assert (count, shown(typed) in page.replace("&#x27;", "'")) == (0, True)


def test_the_preview_reports_a_grouped_number(desk, filled):
    fields = filled(customer_id="62,090,013")

    page = desk.post(PREVIEW, fields, headers={"HX-Request": "true"}).content.decode()

    assert shown("62,090,013") in page
    assert "can be issued" not in page


@pytest.mark.parametrize("typed", GROUPED)
def test_a_grouped_customer_id_is_refused_with_the_same_message(typed):
    with pytest.raises(Exception, match="can be one number or several"):
        CustomerIdField().clean(typed)


@pytest.mark.parametrize("page", ["requests", "history/issued"])
def test_a_filter_explains_a_grouped_number(client, supervisor, page):
    client.force_login(supervisor)

    response = client.get(f"/desk/{page}/", {"customer_id": "62 090 013"})

    assert shown("62 090 013") in response.content.decode()


def test_the_search_box_explains_a_grouped_number_without_results(desk):
    EarnedBadgeFactory(customer_id=62)

    response = desk.post(FIND, {"text": "62,090,013"}, follow=True)

    assert shown("62,090,013") in response.content.decode()
    assert "/desk/customers/62/" not in response.content.decode()


def test_the_search_box_finds_a_name_with_a_grouped_number(desk):
    badge = BadgeMetaFactory(name="1,000 points")

    response = desk.post(FIND, {"text": "1,000"})

    assert badge.pk in response["Location"]


@pytest.mark.parametrize("typed", GROUPED)
@pytest.mark.parametrize("path", ["earn", "earnBulk"])
def test_the_api_refuses_a_grouped_number(integrator, typed, path):
    which = {"customerIds": [typed]} if path == "earnBulk" else {"customerId": typed}
    trigger = {"ownerType": "Loyalty", "referenceId": "r"}
    body = {"badgeMetaId": "a", "requestId": "r-1", "triggeredBy": trigger} | which

    response = ApiClient(integrator.client_id).post(f"/api_gateway/v1/badges/customer/{path}", body)

    assert response.status_code == 400
    assert not EarnedBadge.objects.exists()
