"""Template tags for times and icons, available in all templates without `load`."""

from datetime import datetime

from django import template

from badges.desk.parts.icons import icon
from badges.desk.parts.problems import problems_of
from badges.times import expiry_in_words, time_element

register = template.Library()
register.simple_tag(icon)


@register.simple_tag(name="datetime")
def datetime_tag(dt: datetime | None, form: str = "datetime") -> str:
    """Return a datetime as `time_element` does, or an empty text if there is none."""
    return time_element(dt, form) or ""


@register.inclusion_tag("desk/_problems.html")
def problems(*forms) -> dict:
    """Show the summary of the errors of some forms, with a link to each field."""
    return {"problems": problems_of(*forms)}


@register.simple_tag
def expiry(
    expires_at: datetime | None, never: bool, form: str = "datetime", after: str = ""
) -> str:
    """Return the end of an issued badge or an enrolment as `expiry_in_words` does."""
    return expiry_in_words(expires_at, never, form, after=after)
