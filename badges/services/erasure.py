"""Erase one customer from the record: a pseudonym takes the place of the number, the seals hold.

What names the customer is replaced: the number in facts and requests, what was sent and why. The
random bytes that these rows were sealed with are destroyed, so their old hashes tell nothing; a
row each of `ErasedRow`, sealed in turn, says what stands there now. Counts stay what they were.
"""

import hmac
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from badges.audit import guards
from badges.audit.chain import SALT_SIZE, leaves_of, range_of, salts_of
from badges.audit.check_export import leaf_hash
from badges.audit.keys import kept
from badges.audit.leaves import KINDS, Key, pk_of, rows_of
from badges.audit.verification import check
from badges.errors import BadgeError, ErrorCode
from badges.models import (
    EarnedBadge,
    Enrolment,
    ErasedRow,
    Operation,
    RefusedItem,
    RequestLog,
    SavedFilter,
    Seal,
    SealSalts,
    StoredAnswer,
)
from badges.services.requests import Origin, attempt
from badges.services.seals import seal_entirely

KEY_SIZE = 32
PSEUDONYMS = 2**62  # from here on: no programme numbers its customers so high
NUMBERED = [EarnedBadge, Enrolment, RefusedItem, RequestLog]
TEXTS = {StoredAnswer: "body", SavedFilter: "query"}


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure changed or would change: rows by table, and the number that stays."""

    pseudonym: int
    rows: dict[str, int]


def pseudonym_of(customer_id: int) -> int:
    """Return the number that stands for an erased customer, always the same with the same key."""
    key = kept(Path(settings.AUDIT_PSEUDONYM_KEY), lambda: os.urandom(KEY_SIZE))
    digest = hmac.digest(key, b"customer %d" % customer_id, "sha256")
    return PSEUDONYMS + int.from_bytes(digest[:8]) % PSEUDONYMS


def preview_erasure(customer_id: int) -> Erased:
    """Return what `erase_customer` would change, and change nothing."""
    return _counted(customer_id, _mentions(customer_id), _texts(customer_id))


def erase_customer(*, origin: Origin, customer_id: int) -> Erased:
    """Replace a customer by a pseudonym everywhere, in one transaction.

    Runs under the owner of the tables, whose guards it lifts meanwhile. Raises BadgeError: 404 for
    a customer who is nowhere, 503 when something is not sealed yet, 400 when something is not what
    was sealed.
    """
    seal_entirely()
    pseudonym = pseudonym_of(customer_id)
    said = replace(origin, content=json.dumps({"pseudonym": pseudonym}))
    with (
        attempt(
            Operation.ERASE_CUSTOMER, origin=said, now=timezone.now(), customer_id=pseudonym
        ) as request,
        guards.lifted(),
    ):
        requests, texts = _mentions(customer_id), _texts(customer_id)
        erased = _counted(customer_id, requests, texts)
        if not any(erased.rows.values()):
            raise BadgeError(ErrorCode.NOT_FOUND, "customer_id", _("There is no such customer."))
        seals = _seals_of(_causes(customer_id) | set(requests))
        before = {seal.number: _rows_as_sealed(seal) for seal in seals}
        _replace(customer_id, pseudonym, requests, texts)
        for seal in seals:
            _seal_again(seal, before[seal.number], request)
    return erased


def _counted(customer_id: int, requests: list[int], texts: dict[type, list]) -> Erased:
    rows = {
        model._meta.db_table: model.objects.filter(customer_id=customer_id).count()
        for model in NUMBERED
    }
    rows[RequestLog._meta.db_table] = len(requests)
    rows |= {model._meta.db_table: len(found) for model, found in texts.items()}
    return Erased(pseudonym_of(customer_id), rows)


def _mentions(customer_id: int) -> list[int]:
    """Return the requests that name a customer, of one or among others."""
    number = str(customer_id)
    named = RequestLog.objects.filter(
        models.Q(customer_id=customer_id) | models.Q(content__contains=number)
    )
    return [
        row.pk
        for row in named.only("customer_id", "content").iterator()
        if row.customer_id == customer_id or _number(number).search(row.content)
    ]


def _texts(customer_id: int) -> dict[type, list]:
    """Return the rows beside the record that name a customer in a text, by their tables."""
    number = str(customer_id)
    named = _number(number)
    return {
        model: [
            row
            for row in model.objects.filter(**{f"{column}__contains": number})
            if named.search(getattr(row, column))
        ]
        for model, column in TEXTS.items()
    }


def _number(number: str) -> re.Pattern:
    return re.compile(rf"(?<!\d){number}(?!\d)")


def _causes(customer_id: int) -> set[int]:
    """Return the requests that wrote a row about a customer."""
    return {
        request
        for model in (EarnedBadge, Enrolment, RefusedItem)
        for request in model.objects.filter(customer_id=customer_id).values_list(
            "request_id", flat=True
        )
    }


def _seals_of(requests: Iterable[int]) -> list[Seal]:
    """Return the seals that hold these requests. Raises BadgeError: 503 when one is in none."""
    seals = {}
    for request in sorted(requests):
        if any(seal.after_request < request <= seal.last_request for seal in seals.values()):
            continue
        seal = Seal.objects.select_related("salts").holding(request)
        if seal is None:
            raise BadgeError(
                ErrorCode.UNAVAILABLE, None, _("Not everything is sealed yet; try again.")
            )
        seals[seal.number] = seal
    return list(seals.values())


def _rows_as_sealed(seal: Seal) -> dict[Key, bytes]:
    """Return the rows of a seal. Raises BadgeError: 400 when they are not what was sealed."""
    if check(seal):
        raise BadgeError(
            ErrorCode.INVALID_INPUT, None, _("The record was altered: verify it first.")
        )
    return dict(rows_of(*range_of(seal)))


def _replace(
    customer_id: int, pseudonym: int, requests: list[int], texts: dict[type, list]
) -> None:
    """Put the pseudonym in the place of the customer."""
    number, instead = _number(str(customer_id)), str(pseudonym)
    for row in RequestLog.objects.filter(pk__in=requests).iterator():
        if row.customer_id == customer_id:
            row.content = row.reason = row.fingerprint = ""
        row.content = number.sub(instead, row.content)
        row.save(update_fields=["content", "reason", "fingerprint"])
    for model in NUMBERED:
        model.objects.filter(customer_id=customer_id).update(customer_id=pseudonym)
    for model, column in TEXTS.items():
        for row in texts[model]:
            setattr(row, column, number.sub(instead, getattr(row, column)))
            row.save(update_fields=[column])


def _seal_again(seal: Seal, before: dict[Key, bytes], request: RequestLog) -> None:
    """Destroy the random bytes of the rows that changed, and record what stands there now."""
    salts, leaves, erased = salts_of(bytes(seal.salts.salts)), dict(leaves_of(seal)), []
    for place, (key, row) in enumerate(rows_of(*range_of(seal))):
        if row == before[key]:
            continue
        salt = salts[place] = os.urandom(SALT_SIZE)
        erased.append(
            ErasedRow(
                request=request,
                kind=KINDS[key[0]].name,
                key=str(pk_of(key)),
                leaf=leaves[key].hex(),
                replaced_by=leaf_hash(salt, row).hex(),
            )
        )
    ErasedRow.objects.bulk_create(erased)
    SealSalts.objects.filter(seal=seal).update(salts=b"".join(salts))
