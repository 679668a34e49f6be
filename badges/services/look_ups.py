"""Reads that leave a trace: who looked up what others did."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

from django.utils import timezone

from badges.models import Operation, RequestLog
from badges.services.requests import Origin, attempt

# As long as somebody may be at one customer: print the receipt, come back to it, revoke it.
STILL_AT_IT = timedelta(minutes=15)


def look_up_receipt(
    *, origin: Origin, receipt: RequestLog, now: datetime | None = None
) -> RequestLog | None:
    """Record that a member of staff reads a receipt, and return the row of that.

    The receipt of what they did themselves just now is the answer to that, and no look-up: None.
    """
    now = now or timezone.now()
    just_did_it = origin.user is not None and receipt.user_id == origin.user.pk
    if just_did_it and now - receipt.received_at < STILL_AT_IT:
        return None
    read = {"request": receipt.pk, "request_id": receipt.request_id}
    with attempt(
        Operation.READ_RECEIPT,
        origin=replace(origin, content=json.dumps(read)),
        now=now,
        badge_id=receipt.badge_id,
        customer_id=receipt.customer_id,
    ) as row:
        return row
