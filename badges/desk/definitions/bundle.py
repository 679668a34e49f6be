"""All forms of one definition as one: valid together, and shown before anything is written."""

from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.forms.models import model_to_dict
from django.utils.translation import gettext as _

from badges.desk.definitions.forms import DeskBadgeForm, LimitFormSet, limits_of, name_of
from badges.desk.definitions.slots import slots_of
from badges.desk.pictures import Picture, hue_of, shown
from badges.desk.words import meaning
from badges.forms import COLUMNS
from badges.models import BadgeMeta, EarnType
from badges.models.values import start_of_day
from badges.rules import LATEST_END
from badges.services.definitions import BadgeDraft
from badges.services.requests import Origin

COPIED_UNSEEN = ("tags", "benefits", "default_till_id")


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The card of the badge, and what its expiries and limits mean, in words."""

    name: str
    description: str
    earn_type: str
    starts_at: datetime | None
    expires_at: datetime | None
    picture: Picture
    sentences: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class DefinitionForms:
    """The form of a badge with its limits and pictures; of a new badge, a known one, or a copy."""

    def __init__(
        self, *, origin: Origin, now: datetime, data=None, files=None, badge=None, source=None
    ):
        begun_as = badge or source
        self.now, self.source = now, source
        initial = copy_of(source, now) if source else None
        self.form = DeskBadgeForm(data, instance=badge, initial=initial, now=now)
        self.limits = LimitFormSet(
            data,
            prefix="limits",
            instance=self.form.instance,
            initial=limits_of(begun_as) if begun_as else None,
        )
        self.hue = hue_of(self.form.instance)
        images = begun_as.images.all() if begun_as else ()
        self.pictures = slots_of(data, files, images, hue=self.hue, origin=origin)

    def is_valid(self) -> bool:
        found = [each.is_valid() for each in (self.form, self.limits, *self.pictures)]
        return all(found)

    def draft(self) -> BadgeDraft:
        """Return the definition for the service; a copy has what the form does not show as well."""
        unseen = {name: getattr(self.source, name) for name in COPIED_UNSEEN if self.source}
        name = self.form.cleaned_data["name"]
        images = [picture.value(name) for picture in self.pictures]
        return self.form.draft(
            limits=self.limits.values(), images=[each for each in images if each], **unseen
        )

    def preview(self) -> Preview:
        """Return what the badge would look like and mean; problems when it cannot be saved."""
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
            picture=shown([each.shown for each in self.pictures if each.shown], self.hue),
            sentences=self._meaning(badge) if valid else meaning_of(badge, self.now, known),
            problems=[] if valid or not self.form.is_bound else self._problems(),
        )

    def focus_on_fault(self) -> bool:
        """Let the page begin at the first field that is wrong; False when none is."""
        for form in (self.form, *self.limits.forms, *self.pictures):
            for name in form.fields:
                if name in form.errors and not form.fields[name].widget.is_hidden:
                    form.fields[name].widget.attrs["autofocus"] = True
                    return True
        return False

    def _meaning(self, badge: BadgeMeta) -> list[str]:
        owners, limits = self.form.cleaned_data["owners"], self.limits.values()
        return meaning(badge.with_parts(owners=owners, limits=limits, claims=()), self.now)

    def _problems(self) -> list[str]:
        found = [*self.form.non_field_errors(), *self.limits.non_form_errors()]
        for form in (self.form, *self.limits.forms, *self.pictures):
            found += [
                _("%(field)s: %(error)s") % {"field": form.fields[name].label, "error": error}
                for name, errors in form.errors.items()
                if name in form.fields
                for error in errors
            ]
        return found


def meaning_of(badge: BadgeMeta, now: datetime, known: bool) -> list[str]:
    """Return what a saved badge means; nothing of one that is still being made up."""
    return meaning(badge.definition(), now) if known else []


def copy_of(source: BadgeMeta, now: datetime) -> dict:
    """Return what the form of a copy begins with: from today, for as long, switched off."""
    starts_at = start_of_day(now)
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
