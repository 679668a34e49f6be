"""The notes on a customer at the desk."""

import pytest

from badges.desk.parts.forms import new_request_id
from badges.models import CustomerNote, RequestLog
from tests.factories import CUSTOMER, UserFactory

pytestmark = pytest.mark.django_db

PAGE = f"/desk/customers/{CUSTOMER}/"
NOTES = f"{PAGE}notes/"


def write(client, text, **fields):
    return client.post(NOTES, {"text": text, "request_id": new_request_id()} | fields)


def texts_of(page):
    return [note.text for note in page.context["notes"]]


@pytest.mark.parametrize(
    ("role", "reads", "adds"),
    [("MemberCare", 200, 1), ("Supervisor", 200, 1), ("Auditor", 200, 0), (None, 403, 0)],
)
def test_notes_require_their_permissions(client, role, reads, adds):
    client.force_login(UserFactory(role=role))

    assert client.get(NOTES).status_code == reads
    write(client, "Called twice.")
    assert CustomerNote.objects.count() == adds


def test_a_note_is_shown_with_its_author_on_the_page_of_the_customer(desk):
    answer = write(desk, "Called <twice>.")

    assert answer["Location"] == NOTES
    for page in (NOTES, PAGE):
        text = desk.get(page).content.decode()
        assert "Called &lt;twice&gt;." in text
        assert "maria" in text


def test_a_second_submission_adds_nothing(desk):
    fields = {"request_id": new_request_id()}

    write(desk, "Called.", **fields)
    answer = write(desk, "Called.", **fields)

    assert answer["Location"] == NOTES
    assert CustomerNote.objects.count() == 1


@pytest.mark.parametrize("text", ["", " ", "x" * 1_001])
def test_a_wrong_note_is_shown_at_its_field(desk, text):
    answer = write(desk, text)

    assert answer.context["form"].errors["text"]
    assert not CustomerNote.objects.exists()
    assert not RequestLog.objects.exists()


def test_notes_are_listed_newest_first_in_pages(desk, monkeypatch):
    monkeypatch.setattr("badges.desk.customers.notes.PAGE_SIZE", 2)
    for text in "abc":
        write(desk, text)

    first = desk.get(NOTES)
    older = first.context["pager"].after[0].url

    assert texts_of(first) == ["c", "b"]
    assert texts_of(desk.get(f"{NOTES}{older}")) == ["a"]


def test_the_page_of_a_customer_has_the_newest_notes(desk):
    for text in "abc":
        write(desk, text)

    notes = desk.get(PAGE).context["notes"]
    assert ([note.text for note in notes.notes], notes.more) == (["c", "b"], True)


@pytest.mark.parametrize("before", ["x", "-1", "0", "9" * 30])
def test_an_invalid_position_shows_the_newest_notes(desk, before):
    write(desk, "a")

    assert texts_of(desk.get(f"{NOTES}?before={before}")) == ["a"]
