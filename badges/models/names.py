"""Names: their normalized form, the check for invisible characters, and search keys."""

import re
import unicodedata
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

BLANKS = re.compile(r"[ \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
LINE_ENDS = "\t\n\v\f\r\x85"
# Categories of invisible characters: control, format, surrogate, private use, unassigned.
INVISIBLE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn"}
# Invisible characters of other categories: fillers of Hangul and Khmer, variation selectors, the
# empty Braille pattern, the object replacement character, the null notehead.
INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufffc"
    "\U0001d159\U000e0100-\U000e01ef]"
)
# Characters that join and colour emoji; they are valid only between and after emoji.
JOINER, EMOJI_STYLE, KEYCAP = "\u200d", "\ufe0f", "\u20e3"
# Emoji outside of the category So: arrows, squares, punctuation, and skin tones.
OTHER_EMOJI = re.compile(
    "[\u203c\u2049\u2139\u2194\u25fb-\u25fe\u2934\u2935\u3030\u303d\U0001f3fb-\U0001f3ff]"
)
KEYCAP_BASES = "0123456789#*"

# Letters that normalization does not decompose.
PLAIN_LETTERS = str.maketrans(
    {
        "\u0131": "i",  # dotless i
        "\u00f8": "o",
        "\u0142": "l",
        "\u0111": "d",
        "\u0127": "h",
        "\u00e6": "ae",
        "\u0153": "oe",
    }
)
# Canonical combining classes that change a letter into another one, such as the voiced kana.
NO_ACCENTS = {0, 6, 7, 8, 9}
MAX_NAME_LENGTH = 255
# Folding may turn one character into several. An entry of a PostgreSQL index has at most 2,704
# bytes.
MAX_KEY_LENGTH = 600


def normalize_name(text: str) -> str:
    """Return a name in NFC, with each run of blanks collapsed and none at either end."""
    text = unicodedata.normalize("NFC", BLANKS.sub(" ", text))
    return text.strip(" " + LINE_ENDS)


def clean_name(text: str) -> str:
    """Return a name in its normalized form; raise ValidationError for invisible characters."""
    name = normalize_name(text)
    for index, character in enumerate(name):
        before, after = name[:index][-1:], name[index + 1 :][:1]
        if not _is_visible(character, before, after):
            message = _("A name has no control or invisible characters; this one has %(found)s.")
            raise ValidationError(message, "invisible", {"found": _code_point(character)})
        if before in ("", " ") and unicodedata.category(character).startswith("M"):
            message = _("No word of a name begins with a combining mark; this one has %(found)s.")
            raise ValidationError(message, "combining", {"found": _code_point(character)})
    return name


def _is_visible(character: str, before: str, after: str) -> bool:
    if character == EMOJI_STYLE:
        return _is_emoji(before) or (before in KEYCAP_BASES and after == KEYCAP)
    if character == JOINER:
        return (_is_emoji(before) or before == EMOJI_STYLE) and _is_emoji(after)
    invisible = unicodedata.category(character) in INVISIBLE_CATEGORIES or INVISIBLE.match(
        character
    )
    return not invisible


def _is_emoji(character: str) -> bool:
    if character == "":
        return False
    return unicodedata.category(character) == "So" or OTHER_EMOJI.match(character) is not None


def _code_point(character: str) -> str:
    return f"U+{ord(character):04X}"


def search_key(text: str) -> str:
    """Return the search key of a name: NFKC without case, accents and invisible characters.

    All spellings of a word have the same key, in a name and in a search term, so both databases
    compare plain text. The key is truncated to the length of its column.
    """
    folded = unicodedata.normalize("NFKC", normalize_name(text)).casefold()
    decomposed = unicodedata.normalize("NFKD", folded).translate(PLAIN_LETTERS)
    characters = (
        character
        for character in decomposed
        if unicodedata.combining(character) in NO_ACCENTS
        and (unicodedata.category(character) not in INVISIBLE_CATEGORIES)
        and not INVISIBLE.match(character)
    )
    key = unicodedata.normalize("NFKC", "".join(characters)).casefold()
    return BLANKS.sub(" ", key).strip()[:MAX_KEY_LENGTH]


class SearchKeyField(models.CharField):
    """The search key of another column, computed whenever the row is saved or inserted."""

    def __init__(self, source: str = "name", **kwargs: Any):
        self.source = source
        defaults: dict[str, Any] = {
            "max_length": MAX_KEY_LENGTH,
            "editable": False,
            "db_default": "",
        }
        super().__init__(**defaults | kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | {"source": self.source}

    def pre_save(self, model_instance, add):
        key = search_key(getattr(model_instance, self.source))
        setattr(model_instance, self.attname, key)
        return key


class SearchableByName(models.Model):
    """A model with a name that is searched by its search key."""

    search_key = SearchKeyField()

    class Meta:
        abstract = True

    def save(self, *args, update_fields=None, **kwargs):
        if update_fields is not None and "name" in update_fields:
            update_fields = {*update_fields, "search_key"}
        super().save(*args, update_fields=update_fields, **kwargs)
