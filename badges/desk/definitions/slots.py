"""The pictures of a badge: one place for each state, filled by an address or by a file."""

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _

from badges.desk.pictures import ORDER, Picture, shown
from badges.errors import BadgeError
from badges.models import BadgeImage, ImageTag
from badges.services.pictures import MOST_BYTES, is_kept, keep_picture, read_picture
from badges.services.requests import Origin


class PictureField(forms.FileField):
    """A file that is a square PNG or JPEG picture, cleaned to the picture alone."""

    # The browser shows a file of these types at once, up to the size that is taken.
    widget = forms.FileInput(
        attrs={"accept": "image/png,image/jpeg", "data-picture-bytes": MOST_BYTES}
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
    """The picture of one state. A file takes the place of the address.

    What was uploaded is kept as soon as it is found good, under the name in `kept`: a page that is
    shown again cannot hold a file.
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
        if kept and not is_kept(kept):
            raise ValidationError(_("The file was lost on the way; choose it again."))
        return kept

    def clean(self):
        cleaned = super().clean()
        if picture := cleaned.get("upload"):
            cleaned["kept"] = keep_picture(origin=self.origin, picture=picture)
        elif cleaned.get("url") != self.initial.get("url", ""):
            cleaned["kept"] = ""  # a new address takes the place of the file
        if cleaned.get("kept"):
            cleaned["url"] = ""
        return cleaned

    @property
    def kept_name(self) -> str:
        """The name of the file the page goes on with."""
        return self._given().get("kept") or ""

    @property
    def shown(self) -> BadgeImage | None:
        """The picture as it would be, or None."""
        given = self._given()
        if given.get("remove") or not (given.get("kept") or given.get("url")):
            return None
        return BadgeImage(tag=self.tag, url=given.get("url") or "", upload=given.get("kept") or "")

    @property
    def picture(self) -> Picture:
        """The picture as the page shows it, or a drawn one."""
        return shown([self.shown] if self.shown else [], self.hue)

    def value(self, badge_name: str) -> dict[str, str] | None:
        """Return the picture for a draft, or None; one without a name has that of the badge."""
        shown = self.shown
        if shown is None:
            return None
        return {
            "tag": self.tag.value,
            "name": self.cleaned_data["name"] or badge_name,
            "url": shown.url,
            "upload": shown.upload.name,
            "file_handle": self.image.file_handle if self.image else "",
        }

    def _given(self):
        if not self.is_bound:
            return self.initial
        self.is_valid()
        return self.cleaned_data


def slots_of(data, files, images, *, hue: int, origin: Origin) -> list[PictureSlot]:
    """Return a slot for each state, filled with the images there are."""
    by_tag = {image.tag: image for image in images}
    return [
        PictureSlot(data, files, tag=tag, image=by_tag.get(tag), hue=hue, origin=origin)
        for tag in ORDER
    ]
