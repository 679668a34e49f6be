"""Notes of staff about a customer: they are only added, and only an erasure empties them."""

from dataclasses import replace
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from badges.errors import BadgeError, ErrorCode
from badges.models import CustomerNote, Operation
from badges.models.notes import MAX_NOTE_LENGTH
from badges.services.request_log import Origin, fingerprint, logged_request


def add_note(
    *,
    origin: Origin,
    request_id: str,
    customer_id: int,
    text: str,
    now: datetime | None = None,
) -> CustomerNote:
    """Add a note about a customer. The request log has the author and the time, never the text.

    Raises BadgeError: 809; 400 for an empty or too long text.
    """
    text = text.strip()
    with logged_request(
        Operation.ADD_NOTE,
        origin=replace(origin, content="", reason=""),
        now=now or timezone.now(),
        request_id=request_id,
        customer_id=customer_id,
        fingerprint=fingerprint(customer=customer_id, note=text),
    ) as request:
        if not 0 < len(text) <= MAX_NOTE_LENGTH:
            message = _("A note has between 1 and 1,000 characters.")
            raise BadgeError(ErrorCode.INVALID_INPUT, "text", message)
        note = CustomerNote(request=request, customer_id=customer_id, text=text)
        note.save(force_insert=True)
    return note
