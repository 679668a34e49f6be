"""The pictures of a badge: one slot for each state, filled by a URL or by a file."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _

from badges.desk.parts.pictures import ORDER, Picture, first_loaded, is_loaded
from badges.errors import BadgeError
from badges.models import BadgeImage, ImageTag
from badges.services.catalogue.pictures import MAX_BYTES, is_stored, read_picture, store_picture
from badges.services.request_log import Origin


class PictureField(forms.FileField):
    """A file with a square PNG or JPEG picture, cleaned to the picture without other data."""

    # A script shows a file of these types before the upload, up to the maximum size.
    widget = forms.FileInput(
        attrs={"accept": "image/png,image/jpeg", "data-picture-bytes": MAX_BYTES}
    )

    def clean(self, data, initial=None):
        upload = super().clean(data, initial)
        if not upload:
            return None
        try:
            return read_picture(upload)
        except BadgeError as refusal:
            raise ValidationError(refusal.message, code="picture") from refusal


class PictureSlot(forms.Form):
    """The picture of one state. A file replaces the URL.

    A valid upload is stored immediately, under the name in `kept`: a page that is shown again
    cannot contain a file.
    """

    upload = PictureField(
        label=_("File"), required=False, help_text=_("PNG or JPEG, square, at most 2 MB.")
    )
    url = forms.URLField(
        label=_("Or its address"),
        max_length=2000,
        required=False,
        assume_scheme="https",
        validators=[URLValidator(schemes=["http", "https"])],
    )
    name = forms.CharField(
        label=_("Name"), max_length=255, required=False, help_text=_("What the picture shows.")
    )
    remove = forms.BooleanField(label=_("Remove this picture"), required=False)
    kept = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)

    def __init__(
        self, *args, tag: ImageTag, image: BadgeImage | None, hue: int, origin: Origin, **kwargs
    ):
        self.tag, self.image, self.hue, self.origin = tag, image, hue, origin
        initial = {}
        if image:
            initial = {"url": image.url, "name": image.name, "kept": image.upload.name}
        super().__init__(*args, prefix=f"picture-{tag}", initial=initial, **kwargs)

    def clean_kept(self):
        kept = self.cleaned_data["kept"]
        if kept and not is_stored(kept):
            raise ValidationError(_("The file was lost on the way; choose it again."))
        return kept

    def clean(self):
        cleaned = super().clean()
        if picture := cleaned.get("upload"):
            cleaned["kept"] = store_picture(origin=self.origin, picture=picture)
        elif cleaned.get("url") != self.initial.get("url", ""):
            cleaned["kept"] = ""  # a new URL replaces the file
        if cleaned.get("kept"):
            cleaned["url"] = ""
        return cleaned

    def says(self, image: dict[str, str] | None) -> bool:
        """Return whether the slot is unchanged on a page that showed this image, or none."""
        image = image or {"url": "", "name": "", "upload": ""}
        values = self._values()
        return not values.get("remove") and (
            (values.get("url") or "", values.get("name") or "", values.get("kept") or "")
            == (image["url"], image["name"], image["upload"])
        )

    @property
    def kept_name(self) -> str:
        """Return the name of the stored file, for the hidden input of the page."""
        return self._values().get("kept") or ""

    @property
    def saved(self) -> BadgeImage | None:
        """Return the picture as it would be saved, or None."""
        values = self._values()
        if values.get("remove") or not (values.get("kept") or values.get("url")):
            return None
        url, upload = values.get("url") or "", values.get("kept") or ""
        return BadgeImage(tag=self.tag, url=url, upload=upload)

    @property
    def picture(self) -> Picture:
        """Return the picture as the page shows it, or a placeholder."""
        return first_loaded([self.saved] if self.saved else [], self.hue)

    @property
    def is_elsewhere(self) -> bool:
        """Return whether the picture has a URL that our pages do not load."""
        return self.saved is not None and not is_loaded(self.saved)

    def value(self, badge_name: str) -> dict[str, Any] | None:
        """Return the picture for a draft, or None; its default name is that of the badge."""
        image = self.saved
        if image is None:
            return None
        return {
            "tag": self.tag.value,
            "name": self.cleaned_data["name"] or badge_name,
            "url": image.url,
            "upload": image.upload.name,
            "file_handle": self.image.file_handle if self.image else "",
        }

    def _values(self):
        if not self.is_bound:
            return self.initial
        self.is_valid()
        return self.cleaned_data


def slots_of(data, files, images, *, hue: int, origin: Origin) -> list[PictureSlot]:
    """Return a slot for each state, filled with the existing images."""
    by_tag = {image.tag: image for image in images}
    return [
        PictureSlot(data, files, tag=tag, image=by_tag.get(tag), hue=hue, origin=origin)
        for tag in ORDER
    ]
