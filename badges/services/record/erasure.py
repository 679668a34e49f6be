"""Erase one customer from the record: a pseudonym replaces the number, and the seals stay valid.

Values that name the customer are replaced: the number in facts and requests, the content and
the reason of requests. The salts with which these rows were sealed are destroyed, so that their old
hashes reveal nothing; an `ErasedRow` for each row, sealed in turn, has the hash of the new values.
Counts do not change.
"""

import hmac
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from badges.audit import guards, heads
from badges.audit.batches import batches_of
from badges.audit.chain import SALT_SIZE, leaves_of, salts_of
from badges.audit.check_export import PSEUDONYMS, replaceable_hash
from badges.audit.erasures import Erasures, sign
from badges.audit.keys import load_or_create
from badges.audit.leaves import SEALED_TABLES, Key, Row, key_of, pk_of, rows_by_key
from badges.audit.mentions import Mentions, PrimaryKey, find_mentions
from badges.audit.spellings import Spelling
from badges.audit.verification import check
from badges.errors import BadgeError, ErrorCode
from badges.models import (
    CustomerNote,
    ErasedRow,
    Operation,
    RequestLog,
    Seal,
    SealSalts,
    StatedReason,
)
from badges.models.erasing import OnErasure, columns, stored_models
from badges.services.record.seals import seal_all
from badges.services.request_log import Origin, logged_request

KEY_SIZE = 32
# The texts of rows that are only about the customer, which nobody needs any more.
EMPTIED_COLUMNS: dict[type[models.Model], dict[str, str]] = {
    RequestLog: {"content": "", "reason": ""},
    StatedReason: {"case_number": ""},
    CustomerNote: {"text": ""},
}


@dataclass(frozen=True, slots=True)
class Erased:
    """The rows that an erasure changed or would change, by table, and the pseudonym.

    `leftovers` are the values that stay although they name the customer, because integrators or
    staff chose them as identifiers: the keys of their rows by table and column.
    """

    pseudonym: int
    rows: dict[str, int]
    leftovers: dict[str, list[PrimaryKey]]


def pseudonym_of(customer_id: int) -> int:
    """Return the pseudonym of a customer; the same key always gives the same pseudonym."""
    key = load_or_create(Path(settings.AUDIT_PSEUDONYM_KEY), lambda: os.urandom(KEY_SIZE))
    digest = hmac.digest(key, b"customer %d" % customer_id, "sha256")
    return PSEUDONYMS + int.from_bytes(digest[:8]) % PSEUDONYMS


def preview_erasure(customer_id: int) -> Erased:
    """Preview `erase_customer`: return its changes and leftovers, and change nothing."""
    return _summary(customer_id, find_mentions(customer_id))


def erase_customer(*, origin: Origin, customer_id: int) -> Erased:
    """Replace a customer by a pseudonym everywhere, in one transaction.

    It runs as the owner of the tables, because it disables their guards meanwhile. Raises
    BadgeError: 404 for a customer without any rows, 503 if a request is not sealed yet, 400 if a
    row differs from its seal or the signing key is another one; OSError if the erasure is done, but
    neither sealed nor published.
    """
    seal_all()
    pseudonym, spelling = pseudonym_of(customer_id), Spelling(customer_id)
    logged_origin = replace(
        origin,
        content=json.dumps({"pseudonym": pseudonym}),
        reason=_rewrite(RequestLog, "reason", origin.reason, spelling, pseudonym),
    )
    with (
        logged_request(
            Operation.ERASE_CUSTOMER,
            origin=logged_origin,
            now=timezone.now(),
            customer_id=pseudonym,
        ) as request,
        guards.lifted(),
    ):
        _check_key()
        mentions = find_mentions(customer_id)
        erased = _summary(customer_id, mentions)
        if not any(erased.rows.values()) and not erased.leftovers:
            raise BadgeError(ErrorCode.NOT_FOUND, "customer_id", _("There is no such customer."))
        keys, seals = _sealed_rows(mentions), _seals_of(mentions.causes())
        before = {seal.number: _rows_as_sealed(seal, keys) for seal in seals}
        _replace(spelling, pseudonym, mentions)
        if sum(_seal_again(seal, before[seal.number], request) for seal in seals):
            sign(request, pseudonym).save(force_insert=True)
    seal_all()
    _empty_write_ahead_log()
    return erased


def _empty_write_ahead_log() -> None:
    """Truncate SQLite's log, which still contains the customer, if no reader needs it."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _summary(customer_id: int, mentions: Mentions) -> Erased:
    return Erased(pseudonym_of(customer_id), mentions.counted(), mentions.leftovers)


def _check_key() -> None:
    """Refuse to sign with another key than that of the published seals."""
    last = heads.last_published()
    if last is not None and not last.is_signed_by(heads.signing_key().public_key()):
        message = _("AUDIT_SIGNING_KEY is not the key that the published seals are signed with.")
        raise BadgeError(ErrorCode.INVALID_INPUT, None, message)


def _seals_of(requests: Iterable[int]) -> list[Seal]:
    """Return the seals of these requests. Raises BadgeError: 503 if one is not sealed yet."""
    seals: dict[int, Seal] = {}
    for request in sorted(requests):
        if any(seal.after_request < request <= seal.last_request for seal in seals.values()):
            continue
        seal = Seal.objects.select_related("salts").covering(request)
        if seal is None:
            raise BadgeError(
                ErrorCode.UNAVAILABLE, None, _("Not everything is sealed yet; try again.")
            )
        seals[seal.number] = seal
    return list(seals.values())


def _sealed_rows(mentions: Mentions) -> list[Key]:
    """Return the keys of the sealed rows that the erasure of a customer may change."""
    return [
        (index, key_of(pk))
        for index, table in enumerate(SEALED_TABLES)
        if table.erasable
        for pk in mentions.rows_of(table.model)
    ]


def _rows_as_sealed(seal: Seal, keys: Iterable[Key]) -> dict[Key, Row]:
    """Return these rows of a seal. Raises BadgeError: 400 if the seal does not verify."""
    if check(seal, Erasures()).problems:
        raise BadgeError(
            ErrorCode.INVALID_INPUT, None, _("The record was altered: verify it first.")
        )
    in_seal = {key for key, _leaf in leaves_of(seal)}
    return dict(rows_by_key([key for key in keys if key in in_seal], seal.version))


def _replace(spelling: Spelling, pseudonym: int, mentions: Mentions) -> None:
    """Replace the customer by the pseudonym in all rows."""
    for model, texts in mentions.texts.items():
        own_rows = set(mentions.numbered.get(model, []))
        for pk, names in texts.items():
            row = model._base_manager.get(pk=pk)
            if pk in own_rows:
                names = [name for name in names if name not in EMPTIED_COLUMNS.get(model, {})]
            _write(
                row, {n: _rewrite(model, n, getattr(row, n), spelling, pseudonym) for n in names}
            )
    for model in stored_models():
        emptied = dict.fromkeys(columns(model, OnErasure.EMPTIED), "")
        if emptied:
            _update(model, mentions.rows_of(model), emptied)
    for model, pks in mentions.numbered.items():
        _update(model, pks, {"customer_id": pseudonym} | EMPTIED_COLUMNS.get(model, {}))
    Session.objects.filter(pk__in=mentions.sessions).delete()


def _rewrite(
    model: type[models.Model], name: str, value: Any, spelling: Spelling, pseudonym: int
) -> Any:
    """Return a value with the pseudonym in it, or with a mark if the result is too long."""
    max_length = getattr(model._meta.get_field(name), "max_length", None)
    rewritten = spelling.replaced(value, str(pseudonym))
    if not isinstance(rewritten, str) or max_length is None or len(rewritten) <= max_length:
        return rewritten
    return spelling.replaced(value, "*")[:max_length]


def _write(row: models.Model, values: dict[str, Any]) -> None:
    """Write columns of a row; if the values violate a constraint, append the primary key."""
    rows = type(row)._base_manager.filter(pk=row.pk)
    if not values:
        return
    try:
        with transaction.atomic():
            rows.update(**values)
    except IntegrityError:
        rows.update(**{name: f"{value} {row.pk}" for name, value in values.items()})


def _update(model: type[models.Model], pks: Iterable[PrimaryKey], values: dict[str, Any]) -> None:
    for batch in batches_of(pks):
        model._base_manager.filter(pk__in=batch).update(**values)


def _seal_again(seal: Seal, before: dict[Key, Row], request: RequestLog) -> int:
    """Destroy the salts of the rows that changed, and record the hashes of the new values.

    Returns the number of these rows.
    """
    salts = salts_of(bytes(seal.salts.salts))
    indexes = {key: index for index, (key, _leaf) in enumerate(leaves_of(seal))}
    sealed_as = _sealed_as(seal.version, before, {key: salts[indexes[key]] for key in before})
    erased = []
    for key, row in rows_by_key(before, seal.version):
        if row == before[key]:
            continue
        salt = salts[indexes[key]] = os.urandom(SALT_SIZE)
        erased.append(
            ErasedRow(
                request=request,
                kind=SEALED_TABLES[key[0]].name,
                key=str(pk_of(key)),
                leaf=sealed_as[key],
                replaced_by=replaceable_hash(seal.version, salt, row).hex(),
            )
        )
    ErasedRow.objects.bulk_create(erased)
    SealSalts.objects.filter(seal=seal).update(salts=b"".join(salts))
    return len(erased)


def _sealed_as(version: int, rows: dict[Key, Row], salts: dict[Key, bytes]) -> dict[Key, str]:
    """Return, for each row, the hash of its erasable part with which it was sealed.

    An earlier erasure has destroyed the salt, and recorded the hash.
    """
    sealed_hashes = {}
    for index, table in enumerate(SEALED_TABLES):
        keys = [key for key in rows if key[0] == index]
        last = Erasures().last(table, [pk_of(key) for key in keys])
        for key in keys:
            erased_row = last.get(str(pk_of(key)))
            sealed_hashes[key] = (
                erased_row.leaf
                if erased_row
                else replaceable_hash(version, salts[key], rows[key]).hex()
            )
    return sealed_hashes
