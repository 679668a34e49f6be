"""All forms of one definition as one set: valid together, and previewed before saving."""

from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.forms.models import model_to_dict
from django.utils import timezone
from django.utils.translation import gettext as _

from badges.desk.definitions.forms import DeskBadgeForm, LimitFormSet, limits_of, name_of
from badges.desk.definitions.picture_forms import slots_of
from badges.desk.parts.descriptions import meaning
from badges.desk.parts.pictures import Picture, first_loaded, hue_of
from badges.desk.parts.problems import Part, Problem, problems_of
from badges.forms import COLUMNS
from badges.models import BadgeMeta, EarnLimit, EarnType
from badges.rules import LATEST_END
from badges.selectors.revisions import changes
from badges.services.catalogue.definitions import BadgeDraft
from badges.services.request_log import Origin
from badges.time_zones import start_of_local_day

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

EXPIRY_FIELDS = ("_expiry_kind", "_expiry_count", "_expiry_unit", "_expiry_at")
COPIED_UNSEEN = ("tags", "benefits", "default_till_id")


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The card of the badge, and the meaning of its expiries and limits in words."""

    name: str
    description: str
    earn_type: "StrOrPromise"
    starts_at: datetime | None
    expires_at: datetime | None
    picture: Picture
    sentences: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class DefinitionForms:
    """The forms of a badge, its limits and its pictures: a new, an existing or a copied badge."""

    def __init__(
        self, *, origin: Origin, now: datetime, data=None, files=None, badge=None, source=None
    ):
        template = badge or source
        self.now, self.source, self.origin = now, source, origin
        initial = copy_of(source, now) if source else None
        self.form = DeskBadgeForm(data, instance=badge, initial=initial, now=now)
        self.limits = LimitFormSet(
            data,
            prefix="limits",
            instance=self.form.instance,
            initial=limits_of(template) if template else None,
        )
        self.hue = hue_of(self.form.instance)
        images = template.images.all() if template else ()
        self.pictures = slots_of(data, files, images, hue=self.hue, origin=origin)

    def is_valid(self) -> bool:
        found = [each.is_valid() for each in (self.form, self.limits, *self.pictures)]
        return all(found)

    def show_changes(self, badge: BadgeMeta, seen: str | None) -> None:
        """Show the current limits and pictures that others have changed and this user has not.

        The form does the same for its own fields. The revision with the version `seen` has the
        values that the page showed.
        """
        before = badge.revisions.filter(version=seen).values_list("snapshot", flat=True).first()
        if before is None:
            return
        now = badge.snapshot()
        for part in ("limits", "images"):
            for change in changes({part: before[part]}, {part: now[part]}):
                lines = {"field": change.label, "now": ", ".join(map(str, change.new))}
                self.form.add_error(None, _("%(field)s: now %(now)s.") % lines)
        if before["limits"] != now["limits"] and self._typed_limits() == _limits_in(before):
            self.limits = LimitFormSet(prefix="limits", instance=badge, initial=limits_of(badge))
        slots = slots_of(None, None, badge.images.all(), hue=self.hue, origin=self.origin)
        images = {image["tag"]: image for image in before["images"]}
        self.pictures = [
            slot if typed.says(images.get(typed.tag)) else typed
            for slot, typed in zip(slots, self.pictures, strict=True)
        ]

    def _typed_limits(self) -> list[dict] | None:
        if not self.limits.is_valid():
            return None
        return [
            {name: getattr(limit, name) or None for name in EarnLimit.VALUE_COLUMNS}
            for limit in self.limits.values()
        ]

    def draft(self) -> BadgeDraft:
        """Return the definition for the service; a copy includes columns without a field."""
        unseen = {name: getattr(self.source, name) for name in COPIED_UNSEEN if self.source}
        name = self.form.cleaned_data["name"]
        images = [picture.value(name) for picture in self.pictures]
        return self.form.draft(
            limits=self.limits.values(), images=[each for each in images if each], **unseen
        )

    def preview(self) -> Preview:
        """Return the preview of the badge, with the problems if it cannot be saved."""
        valid = self.form.is_bound and self.is_valid()
        badge = copy(self.form.instance)
        if self.form.is_bound:
            for name, value in self.form.values().items():
                setattr(badge, name, value)
        else:
            for name in COLUMNS:
                setattr(badge, name, self.form.initial.get(name) or getattr(badge, name))
        known = not self.form.is_bound and not badge._state.adding
        return Preview(
            name=badge.name,
            description=badge.description,
            earn_type=EarnType(badge.earn_type).label if badge.earn_type else "",
            starts_at=badge.starts_at,
            expires_at=badge.expires_at,
            picture=first_loaded([each.saved for each in self.pictures if each.saved], self.hue),
            sentences=self._meaning(badge) if valid else meaning_of(badge, self.now, known),
            problems=[] if valid or not self.form.is_bound else problems_of(self),
        )

    def parts(self) -> list[Part]:
        """Return the fields in the order of the page, for the summary of errors and the focus."""
        form = self.form
        expiries = [form[name] for name in form.fields if name.endswith(EXPIRY_FIELDS)]
        last = {*(field.name for field in expiries), *(row.name for row in form.custom_rows)}
        first = [field for field in form.visible_fields() if field.name not in last]
        return [
            Part(form, first),
            *(Part(slot, list(slot), str(slot.tag.label)) for slot in self.pictures),
            Part(form, [*form.custom_rows, *expiries]),
            Part(self.limits, ()),
            *(
                Part(row, row.visible_fields(), _("Limit %(number)d") % {"number": number})
                for number, row in enumerate(self.limits, 1)
            ),
        ]

    def _meaning(self, badge: BadgeMeta) -> list[str]:
        owners, limits = self.form.cleaned_data["owners"], self.limits.values()
        return meaning(badge.with_parts(owners=owners, limits=limits, claims=()), self.now)


def _limits_in(snapshot: dict) -> list[dict]:
    """Return the limits of a snapshot that a page shows, without those that have an end."""
    return [
        {name: limit[name] or None for name in EarnLimit.VALUE_COLUMNS}
        for limit in snapshot["limits"]
        if limit["until"] is None
    ]


def meaning_of(badge: BadgeMeta, now: datetime, known: bool) -> list[str]:
    """Return the meaning of a saved badge in words; nothing for an unsaved one."""
    return meaning(badge.definition(), now) if known else []


def copy_of(source: BadgeMeta, now: datetime) -> dict:
    """Return the initial values of a copy: inactive, from today, with the same duration."""
    starts_at = start_of_local_day(timezone.localdate(now))
    length = min(source.expires_at - source.starts_at, LATEST_END - starts_at - timedelta(days=1))
    values = source.custom_values.filter(field__active=True).select_related("field")
    return {
        **model_to_dict(source, fields=[*COLUMNS, "group"]),
        **{name_of(value.field): value.value for value in values},
        "name": _("Copy of %(name)s") % {"name": source.name},
        "owners": [owner.owner_type for owner in source.owners.all()],
        "active": False,
        "starts_at": starts_at,
        "expires_at": starts_at + length,
    }
