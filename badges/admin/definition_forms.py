"""The form of a badge as the admin shows it: the shared form with the widgets of the theme."""

from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from badges.forms import BadgeForm as SharedBadgeForm
from badges.forms import LimitRows
from badges.services.definitions import BadgeDraft

IMAGE_COLUMNS = ("tag", "name", "url", "file_handle")


class BadgeForm(SharedBadgeForm):
    """A whole definition but for its limits and images."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if owners := self.fields.get("owners"):
            owners.widget = UnfoldAdminCheckboxSelectMultipleWidget(choices=owners.choices)

    def draft(self, *, limits, images) -> BadgeDraft:
        owners = self.cleaned_data["owners"]
        return BadgeDraft(values=self.values(), owners=owners, limits=limits, images=images)


class NamedFields(PaginationInlineFormSet):
    """Rows of a table: each field says its name, which sighted people read in the head."""

    def add_fields(self, form, index):
        super().add_fields(form, index)
        for field in form.fields.values():
            field.widget.attrs.setdefault("aria-label", field.label)


class LimitFormSet(LimitRows, NamedFields):
    """The limits of a badge."""


class ImageFormSet(NamedFields):
    """The pictures of a badge; those that were uploaded at the desk stay what they are."""

    def add_fields(self, form, index):
        super().add_fields(form, index)
        if "url" in form.fields:
            form.fields["url"].required = not form.instance.upload

    def values(self):
        return [
            {
                **{name: form.cleaned_data[name] for name in IMAGE_COLUMNS},
                "upload": "" if form.cleaned_data["url"] else form.instance.upload.name,
            }
            for form in self.forms
            if form.cleaned_data and form not in self.deleted_forms
        ]
