"""The form of a badge in the admin: the shared form with the widgets of the theme."""

from django.utils.translation import gettext_lazy as _
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from badges.forms import BadgeForm as SharedBadgeForm
from badges.forms import LimitRows
from badges.services.catalogue.definitions import BadgeDraft

IMAGE_COLUMNS = ("tag", "name", "url", "file_handle")


class BadgeForm(SharedBadgeForm):
    """A definition without its limits and images."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if owners := self.fields.get("owners"):
            owners.widget = UnfoldAdminCheckboxSelectMultipleWidget(choices=owners.choices)

    def draft(self, *, limits, images) -> BadgeDraft:
        owners = self.cleaned_data["owners"]
        return BadgeDraft(values=self.changed_values(), owners=owners, limits=limits, images=images)


class LabelledFormSet(PaginationInlineFormSet):
    """A formset shown as a table, which labels each field for screen readers.

    Sighted users read the labels in the head of the table. If another user has replaced the rows
    since the page was shown, the posted keys do not match. The formset then discards the posted
    data and shows the current rows with an error.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._was_replaced = self.is_bound and self._names_other_rows()
        if self._was_replaced:
            super().__init__(*args, **kwargs | {"data": None, "files": None})

    def non_form_errors(self):
        errors = super().non_form_errors()
        if self._was_replaced:
            message = _("Another user has changed these rows. The form shows the current values.")
            return self.error_class([message], error_class="nonform", renderer=self.renderer)
        return errors

    def _names_other_rows(self) -> bool:
        names = (f"{self.add_prefix(index)}-id" for index in range(self.initial_form_count()))
        current_keys = {str(pk) for pk in self.get_queryset().values_list("pk", flat=True)}
        return not {self.data.get(name, "") for name in names} <= current_keys

    def add_fields(self, form, index):
        super().add_fields(form, index)
        for field in form.fields.values():
            field.widget.attrs.setdefault("aria-label", field.label)


class LimitFormSet(LimitRows, LabelledFormSet):
    """The limits of a badge."""


class ImageFormSet(LabelledFormSet):
    """The images of a badge; one uploaded at the desk keeps its file until a URL replaces it."""

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
