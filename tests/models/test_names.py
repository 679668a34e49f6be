"""Names: their normal form, and the characters that they may not contain."""

import pytest
from django.core.exceptions import ValidationError

from badges.models.names import clean_name

INVISIBLE = {
    "line feed": "\n",
    "NUL": "\0",
    "escape": "\x1b",
    "next line": "\x85",
    "zero width space": "\u200b",
    "zero width joiner": "\u200d",
    "zero width non-joiner": "\u200c",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "left-to-right mark": "\u200e",
    "right-to-left override": "\u202e",
    "isolate": "\u2066",
    "Arabic letter mark": "\u061c",
    "grapheme joiner": "\u034f",
    "Hangul filler": "\u3164",
    "Hangul choseong filler": "\u115f",
    "Hangul jungseong filler": "\u1160",
    "halfwidth Hangul filler": "\uffa0",
    "empty Braille pattern": "\u2800",
    "variation selector": "\ufe0f",
    "variation selector 17": "\U000e0100",
    "tag": "\U000e0041",
    "private use": "\ue000",
    "private use of plane 16": "\U0010fffd",
    "unassigned": "\u0378",
    "no character": "\uffff",
    "object replacement": "\ufffc",
    "interlinear annotation": "\ufff9",
}


@pytest.mark.parametrize("unseen", INVISIBLE.values(), ids=INVISIBLE)
@pytest.mark.parametrize("name", ["Go{}ld", "Gold{}!", "!{}Gold"])
def test_no_name_has_invisible_characters(name, unseen):
    with pytest.raises(ValidationError) as refused:
        clean_name(name.format(unseen))

    assert f"U+{ord(unseen):04X}" in refused.value.messages[0]


@pytest.mark.parametrize("unseen", sorted(set(INVISIBLE.values()) - {"\n", "\x85"}))
def test_a_name_of_invisible_characters_alone_is_refused(unseen):
    with pytest.raises(ValidationError):
        clean_name(unseen * 2)


@pytest.mark.parametrize(
    "name",
    [
        *("Gold+\ufe0f", "Gold=\u200d=", "Gold^\ufe0f", "Gold|\u200d|", "5 \u00d7\ufe0f"),
        *("Gold\ufe0f\u20e3", "\ufe0f\u20e3", "\u2211\u200d\u2211"),
    ],
)
def test_emoji_joiners_are_allowed_only_in_emoji(name):
    """Elsewhere these characters are invisible, and two names look alike."""
    with pytest.raises(ValidationError):
        clean_name(name)


@pytest.mark.parametrize("name", ["\u0301Gold", " \u0301", "Gold \u0308", "\u20dd"])
def test_no_word_begins_with_a_combining_mark(name):
    with pytest.raises(ValidationError):
        clean_name(name)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Cafe\u0301", "Caf\u00e9"),
        ("  Gold  card ", "Gold card"),
        ("Gold\u00a0card", "Gold card"),
        ("Gold\u2003\u3000card", "Gold card"),
        ("\u00a0Gold\u2028", "Gold"),
        ("\r\nGold\t", "Gold"),
        ("\u1112\u1161\u11ab", "\ud55c"),
        ("Gold", "Gold"),
        ("", ""),
        (" \u3000 ", ""),
    ],
)
def test_a_name_has_one_form(typed, name):
    assert clean_name(typed) == name
    assert clean_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "Family \U0001f468\u200d\U0001f469\u200d\U0001f467",
        "Love \u2764\ufe0f",
        "Top 1\ufe0f\u20e3",
        "Rainbow \U0001f3f3\ufe0f\u200d\U0001f308",
        "Thumb \U0001f44d\U0001f3fd",
        "Shrug \U0001f937\U0001f3fd\u200d\u2642\ufe0f",
        "Wow \u203c\ufe0f \u2194\ufe0f \u25fb\ufe0f \u2139\ufe0f \u00a9\ufe0f",
        "İstanbul",
        "Привет",
        "\u0e01\u0e33",  # Thai, with a vowel sign
        "\u0915\u094d\u0937",  # Devanagari, with a virama
        "5 € = 5 %, <b> & 'c'",
    ],
)
def test_visible_characters_are_kept(name):
    assert clean_name(name) == name
