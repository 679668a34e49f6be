"""Reads that are recorded in the request log: users who look up receipts."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

from django.utils import timezone

from badges.models import Operation, RequestLog
from badges.services.request_log import Origin, logged_request

# Long enough to finish with one customer: print the receipt, reopen it, revoke the badge.
OWN_RECEIPT_GRACE = timedelta(minutes=15)


def record_receipt_read(
    *, origin: Origin, receipt: RequestLog, now: datetime | None = None
) -> RequestLog | None:
    """Record that a member of staff reads a receipt; return the new row of the request log.

    Return None, and record nothing, if the same user made the request of the receipt less than
    OWN_RECEIPT_GRACE ago: the receipt is then the confirmation of that request, not a look-up.
    """
    now = now or timezone.now()
    is_own = origin.user is not None and receipt.user_id == origin.user.pk
    if is_own and now - receipt.received_at < OWN_RECEIPT_GRACE:
        return None
    content = {"request": receipt.pk, "request_id": receipt.request_id}
    with logged_request(
        Operation.READ_RECEIPT,
        origin=replace(origin, content=json.dumps(content)),
        now=now,
        badge_id=receipt.badge_id,
        customer_id=receipt.customer_id,
    ) as row:
        return row
