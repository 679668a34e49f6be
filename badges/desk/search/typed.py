"""The text of a search: customers, ids and names in any spelling that staff may type."""

import re
from dataclasses import dataclass
from functools import cached_property

from badges.models.ids import customer_id_in
from badges.models.names import search_key

# What may precede the number of a customer, folded by `search_key`, in all languages of the pages:
# a colleague's note is not always in the language of the reader.
CUSTOMER_WORDS = {
    *("customer", "customers", "id", "no", "no.", "number"),
    *("kunde", "kundin", "kunden", "kundennummer", "kundennr", "kundennr.", "nr", "nr.", "nummer"),
}
BETWEEN_WORDS = re.compile(r"[ :#]+")


@dataclass(frozen=True)
class Typed:
    """A text that was typed into the search box."""

    given: str

    @cached_property
    def text(self) -> str:
        """Return the text without a leading `#`, which people write before numbers and ids."""
        return self.given.strip().lstrip("#").strip()

    @cached_property
    def key(self) -> str:
        """Return the search key of the text, which is empty if it has no visible character."""
        return search_key(self.text)

    @cached_property
    def spellings(self) -> list[str]:
        """Return the text as it was typed, in capitals and in small letters.

        The request log has no index by folded ids.
        """
        return list(dict.fromkeys([self.text, self.text.upper(), self.text.lower()]))

    @cached_property
    def customer_id(self) -> int | None:
        """Return the customer that is named by number, as in `Customer #1703`, or None."""
        words = [word for word in BETWEEN_WORDS.split(self.key) if word]
        while len(words) > 1 and words[0] in CUSTOMER_WORDS:
            words = words[1:]
        return customer_id_in(words[0]) if len(words) == 1 else None
