"""The picture of a badge on our pages: one of its images, or a placeholder."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from badges.models import BadgeImage, BadgeMeta, ImageTag

ORDER = [ImageTag.EARNED, ImageTag.IN_PROGRESS, ImageTag.UN_EARNED]
HUES = 6


@dataclass(frozen=True)
class Picture:
    """The URL of a picture; without one, a placeholder is drawn in one of `HUES` colours."""

    address: str
    hue: int


def picture_of(badge: BadgeMeta) -> Picture:
    """Return the picture of the earned badge, or of another state that has one."""
    return first_loaded(badge.images.all(), hue_of(badge))


def first_loaded(images: Iterable[BadgeImage], hue: int) -> Picture:
    """Return the first of the images that may be shown, in the order of their states.

    The content security policy of our pages lets browsers load no other images.
    """
    by_state = sorted(images, key=lambda image: ORDER.index(ImageTag(image.tag)))
    loaded = (image.address for image in by_state if is_loaded(image))
    return Picture(next(loaded, ""), hue)


def is_loaded(image: BadgeImage) -> bool:
    """Return whether our pages load an image: it is an upload, or its host is in PICTURE_HOSTS.

    Any other host would receive requests from the browsers of staff when they view the badge. The
    host is compared as it is written, with its port: a URL that a browser may parse differently,
    for example with a user name or a backslash, is never in the list.
    """
    if image.upload:
        return True
    try:
        parts = urlsplit(image.url)
    except ValueError:
        return False
    return parts.scheme == "https" and parts.netloc.lower() in settings.PICTURE_HOSTS


def hue_of(badge: BadgeMeta) -> int:
    """Return the placeholder colour of a badge; an unsaved badge has the first colour."""
    return 0 if badge._state.adding else int(badge.pk[-4:], 16) % HUES
