"""The table of error codes, as integrators have it in their code."""

from http import HTTPStatus

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy

from badges.errors import BadgeError, ErrorCode, in_words

PUBLISHED = {
    400: 400,
    401: 401,
    403: 403,
    404: 404,
    405: 405,
    413: 413,
    415: 415,
    429: 429,
    503: 503,
    714: 400,
    715: 400,
    716: 400,
    717: 400,
    720: 400,
    722: 400,
    723: 400,
    724: 400,
    725: 400,
    728: 400,
    737: 404,
    738: 409,
    750: 400,
    804: 400,
    809: 400,
    810: 409,
    811: 409,
    812: 400,
    815: 409,
    816: 400,
    826: 400,
    1020: 400,
    1040: 409,
    2001: 409,
    2002: 409,
    999999: 500,
}


@pytest.mark.parametrize(("number", "status"), PUBLISHED.items())
def test_a_code_keeps_its_number_and_its_http_status(number, status):
    assert ErrorCode(number).http_status == status


@pytest.mark.parametrize("code", ErrorCode)
def test_a_code_is_a_number_with_a_status_and_a_sentence(code):
    assert code == int(code)
    assert isinstance(code.http_status, HTTPStatus)
    assert str(code.message).endswith(".")


@pytest.mark.parametrize("code", [code for code in ErrorCode if code < 600])
def test_an_http_code_is_answered_with_the_same_status(code):
    assert code.http_status == code


def test_a_refusal_has_by_default_the_text_of_its_code_and_no_field():
    refusal = BadgeError(ErrorCode.CLAIM_REQUIRED)
    assert refusal.message == ErrorCode.CLAIM_REQUIRED.message
    assert refusal.field is None
    assert refusal.original is None


def test_a_refusal_may_have_details_and_a_field():
    refusal = BadgeError(ErrorCode.INVALID_INPUT, "event_at", "Not a date.")
    assert (refusal.field, refusal.message) == ("event_at", "Not a date.")


def test_a_refusal_is_translated_and_recorded_in_english():
    named = gettext_lazy("There is no issued badge %(id)s.")
    refusal = BadgeError(ErrorCode.NOTHING_TO_REVOKE, "earned", named, {"id": "a1"})

    with translation.override("de"):
        assert refusal.message == "Es gibt kein vergebenes Badge a1."
        assert refusal.message_on_record == "There is no issued badge a1."
    assert refusal.message == "There is no issued badge a1."


@pytest.mark.parametrize(
    ("code", "recorded", "german"),
    [
        (815, "The badge is inactive or has not begun.", "Das Badge ist inaktiv oder hat noch"),
        (404, "The customer has no such enrolment.", "Der Kunde hat diese Einschreibung nicht."),
        (815, "", "Das Badge ist inaktiv oder hat noch nicht begonnen."),
        (814, "a1 is revoked already.", "bereits widerrufen. (a1 is revoked already.)"),
        (7, "Of a code that is no more.", "Of a code that is no more."),
    ],
)
def test_a_recorded_refusal_is_translated_for_its_reader(code, recorded, german):
    with translation.override("de"):
        assert german in in_words(code, recorded)
    assert in_words(code, recorded) == (recorded or ErrorCode(code).message)
