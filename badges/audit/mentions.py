"""Find the rows that name a customer, in columns that an erasure changes and that it keeps."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from django.contrib.sessions.models import Session
from django.db import models
from django.db.models.functions import Cast

from badges.audit.batches import batches_of
from badges.audit.spellings import Spelling
from badges.models import EarnedBadge, Enrolment, RefusedItem, RequestLog, StatedReason
from badges.models.erasing import OnErasure, columns, stored_models

PrimaryKey: TypeAlias = int | str

WRITTEN_BY_REQUESTS = (EarnedBadge, Enrolment, RefusedItem, StatedReason)


@dataclass(frozen=True, slots=True)
class Mentions:
    """The rows that name a customer, by their primary keys.

    `numbered` rows have the number as customer id, `texts` contain it in the named columns. `lists`
    are requests that wrote a row about the customer. `leftovers` are rows with values that an
    erasure keeps, by table and column.
    """

    numbered: dict[type[models.Model], list[PrimaryKey]] = field(default_factory=dict)
    texts: dict[type[models.Model], dict[PrimaryKey, list[str]]] = field(default_factory=dict)
    lists: list[int] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)
    leftovers: dict[str, list[PrimaryKey]] = field(default_factory=dict)

    def rows_of(self, model: type[models.Model]) -> set[PrimaryKey]:
        """Return the keys of the rows of a model that an erasure changes."""
        rows = set(self.numbered.get(model, [])) | set(self.texts.get(model, {}))
        return rows | set(self.lists) if model is RequestLog else rows

    def counted(self) -> dict[str, int]:
        """Return the number of rows of each table that an erasure changes."""
        counts = {model._meta.db_table: len(self.rows_of(model)) for model in self.numbered}
        counts |= {
            model._meta.db_table: len(self.rows_of(model))
            for model in self.texts
            if self.texts[model]
        }
        if self.sessions:
            counts[Session._meta.db_table] = len(self.sessions)
        return counts

    def causes(self) -> set[int]:
        """Return the requests that caused the sealed rows among these."""
        requests = {int(pk) for pk in self.rows_of(RequestLog)}
        for model in WRITTEN_BY_REQUESTS:
            requests |= set(_requests_of(model, self.rows_of(model)))
        return requests


def find_mentions(customer_id: int) -> Mentions:
    """Search for a customer in all columns for which `ON_ERASURE` declares an effect."""
    spelling, mentions = Spelling(customer_id), Mentions()
    for model in stored_models():
        if columns(model, OnErasure.NUMBER):
            rows = model._base_manager.filter(customer_id=customer_id)
            mentions.numbered[model] = list(rows.order_by().values_list("pk", flat=True))
        _find_texts(model, spelling, mentions)
    causes = {
        request
        for model in WRITTEN_BY_REQUESTS
        for request in _requests_of(model, mentions.numbered[model])
    }
    mentions.lists.extend(_with_fingerprint(sorted(causes)))
    mentions.sessions.extend(_sessions(spelling))
    return mentions


def _find_texts(model: type[models.Model], spelling: Spelling, mentions: Mentions) -> None:
    own_row_columns = columns(model, OnErasure.REWRITTEN_IN_OWN_ROWS)
    rewritten = {*columns(model, OnErasure.REWRITTEN), *own_row_columns}
    searched = [*rewritten, *columns(model, OnErasure.KEPT)]
    texts = mentions.texts.setdefault(model, {})
    own_rows = set(mentions.numbered.get(model, [])) if own_row_columns else set()
    for pk, names in _rows_naming(model, searched, spelling):
        for name in names:
            if name in rewritten and (name not in own_row_columns or pk in own_rows):
                texts.setdefault(pk, []).append(name)
            else:
                mentions.leftovers.setdefault(f"{model._meta.db_table}.{name}", []).append(pk)


def _rows_naming(
    model: type[models.Model], names: list[str], spelling: Spelling
) -> Iterator[tuple[PrimaryKey, list[str]]]:
    """Yield the rows of a model that name the customer, each with the columns that do."""
    if not names:
        return
    condition = models.Q()
    texts = {f"text_of_{name}": Cast(name, models.TextField()) for name in names}
    for text in texts:
        condition |= spelling.may_be_in(text)
    rows = model._base_manager.annotate(**texts).filter(condition).order_by("pk")
    for pk, *values in rows.values_list("pk", *names).iterator():
        names_found = [
            name
            for name, value in zip(names, values, strict=True)
            if value is not None and spelling.is_in(_searchable(value))
        ]
        if names_found:
            yield pk, names_found


def _searchable(value: object) -> object:
    return value if isinstance(value, str | list | dict | int | float) else str(value)


def _requests_of(model: type[models.Model], pks: Iterable[PrimaryKey]) -> Iterator[int]:
    for batch in batches_of(pks):
        rows = model._base_manager.filter(pk__in=batch)
        yield from rows.order_by().values_list("request_id", flat=True)


def _with_fingerprint(requests: list[int]) -> Iterator[int]:
    for batch in batches_of(requests):
        rows = RequestLog.objects.filter(pk__in=batch)
        yield from rows.exclude(fingerprint="").order_by().values_list("pk", flat=True)


def _sessions(spelling: Spelling) -> Iterator[str]:
    for session in Session.objects.iterator():
        if spelling.is_in(json.dumps(session.get_decoded(), default=str)):
            yield session.pk
