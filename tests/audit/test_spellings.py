"""The number of a customer is found and replaced in every spelling; other numbers are not."""

import json

import pytest

from badges.audit.spellings import Spelling

NUMBER, PSEUDONYM = 2468013, str(2**62 + 7)


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("moved from 2468013", "moved from {}"),
        ("order-2468013-x", "order-{}-x"),
        ("00002468013", "{}"),
        ("2,468,013 or 2 468 013 or 2.468.013", "{} or {} or {}"),
        ("\uff12\uff14\uff16\uff18\uff10\uff11\uff13", "{}"),
        ("\u0662\u0664\u0666\u0668\u0660\u0661\u0663", "{}"),
        ("customer_id=%32468013&code=1", "customer_id={}&code=1"),
        ("&#50;468013", "{}"),
        ("&#x32;468013 or &#X032;468013 or &#050;468013", "{} or {} or {}"),
        ("2-468-013 or 2\u2009468\u2009013 or 2\u00b7468\u00b7013", "{} or {} or {}"),
        ("2\u2013468\u2013013 or 2\u2018468\u2018013 or 2\uff0c468\uff0c013", "{} or {} or {}"),
        ('{"customerId": 2.468013e6}', None),
        ('{"customerId": "\\u0032468013"}', '{{"customerId": "{}"}}'),
        ('{"customerId": "\\u0032468013", "cut', '{{"customerId": "{}", "cut'),
        ('{"a": 2468013, "b": {"c": ["02468013", 2468013.0]}}', None),
        ('{"2468013": true}', '{{"{}": true}}'),
        ('{"id": "2468013", "id": 5}', '{{"id": "{}", "id": 5}}'),
        ('"{\\"id\\": \\"\\\\u0032468013\\"}"', None),
    ],
)
def test_every_spelling_of_a_number_is_replaced(text, rewritten):
    spelling = Spelling(NUMBER)
    assert spelling.is_in(text)
    new = spelling.replaced(text, PSEUDONYM)
    if rewritten is not None:
        assert new == rewritten.format(PSEUDONYM, PSEUDONYM, PSEUDONYM)
    assert PSEUDONYM in new
    assert not spelling.is_in(new)


def test_a_value_of_json_stays_of_its_type():
    text = '{"a": 2468013, "b": ["02468013", null, true, 1.5, {"c": 5}]}'
    new = json.loads(Spelling(NUMBER).replaced(text, PSEUDONYM))
    assert new == {"a": int(PSEUDONYM), "b": [PSEUDONYM, None, True, 1.5, {"c": 5}]}


@pytest.mark.parametrize(
    "text", ["12468013", "24680130", "246801", "", "[[[", '{"a": 24680130}', "2,468,0130", "Grüße"]
)
def test_another_number_is_not_replaced(text):
    assert not Spelling(NUMBER).is_in(text)
    assert Spelling(NUMBER).replaced(text, PSEUDONYM) == text


def test_short_numbers_are_not_confused_with_fractions_or_error_codes():
    assert not Spelling(1001).is_in("1.001 and 1,001")
    assert not Spelling(2001).is_in([{"code": 2001, "message": "The limit is reached."}])
