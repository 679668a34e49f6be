"""The picture of a badge on our pages: the one it has, or one that is drawn."""

from collections.abc import Iterable
from dataclasses import dataclass

from badges.models import BadgeImage, BadgeMeta, ImageTag

ORDER = [ImageTag.EARNED, ImageTag.IN_PROGRESS, ImageTag.UN_EARNED]
HUES = 6


@dataclass(frozen=True)
class Picture:
    """Where the picture is; without an address it is drawn, in one of HUES."""

    address: str
    hue: int


def picture_of(badge: BadgeMeta) -> Picture:
    """Return the picture of the badge as earned, or of any state it has one for."""
    return shown(badge.images.all(), hue_of(badge))


def shown(images: Iterable[BadgeImage], hue: int) -> Picture:
    """Return the first of the images that may be shown, in the order of their states.

    That is what the policy of our pages lets a browser fetch.
    """
    by_state = sorted(images, key=lambda image: ORDER.index(image.tag))
    fetched = (image.address for image in by_state if _may_be_fetched(image.address))
    return Picture(next(fetched, ""), hue)


def hue_of(badge: BadgeMeta) -> int:
    """Return the colour of a badge while it has no picture; one without a key yet has the first."""
    return 0 if badge._state.adding else int(badge.pk[-4:], 16) % HUES


def _may_be_fetched(address: str) -> bool:
    return address.startswith(("https://", "/"))
