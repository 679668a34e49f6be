"""Notes on a customer: their author and time, the log without the text, and an erasure."""

import pytest
from django.db import DatabaseError, transaction

from badges.models import CustomerNote, Operation, RequestLog
from badges.services.customers.notes import add_note
from badges.services.record.erasure import erase_customer, pseudonym_of
from badges.services.request_log import Origin
from tests.conftest import refused
from tests.factories import CUSTOMER, NOW
from tests.record import faults

pytestmark = pytest.mark.django_db

TEXT = "Lost card, called from abroad."


@pytest.fixture
def note(desk_origin):
    """Return a function that adds a note."""

    def add(text=TEXT, customer_id=CUSTOMER, request_id="note"):
        return add_note(
            origin=desk_origin,
            request_id=request_id,
            customer_id=customer_id,
            text=text,
            now=NOW,
        )

    return add


def test_a_note_has_its_author_and_time_in_the_log_and_its_text_nowhere(note, member_care):
    note(f"  {TEXT} ")

    stored = CustomerNote.objects.get()
    assert (stored.text, stored.customer_id) == (TEXT, CUSTOMER)
    request = RequestLog.objects.get()
    assert (request.operation, request.user, request.received_at) == (
        *(Operation.ADD_NOTE, member_care, NOW),
    )
    assert (request.content, request.reason, request.customer_id) == ("", "", CUSTOMER)
    assert "abroad" not in str(RequestLog.objects.values().get())


@pytest.mark.parametrize("text", ["", "  \n", "x" * 1_001])
def test_an_empty_or_too_long_note_is_refused(note, text):
    with refused(400):
        note(text)

    assert not CustomerNote.objects.exists()
    assert RequestLog.objects.get().content == ""


def test_a_repeated_note_is_added_once(note):
    note()
    with refused(809):
        note()

    assert CustomerNote.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [lambda notes: notes.update(text="Other"), lambda notes: notes._raw_delete("default")],
    ids=["update", "delete"],
)
def test_a_note_is_append_only(note, change):
    note()

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change(CustomerNote.objects.all())


def test_an_erasure_empties_the_notes_of_the_customer(audit_files, note):
    note()
    note(f"Brother of {CUSTOMER}.", customer_id=7, request_id="other")

    erase_customer(origin=Origin(channel="COMMAND"), customer_id=CUSTOMER)

    pseudonym = pseudonym_of(CUSTOMER)
    assert set(CustomerNote.objects.values_list("customer_id", "text")) == {
        (pseudonym, ""),
        (7, f"Brother of {pseudonym}."),
    }
    assert faults() == []
