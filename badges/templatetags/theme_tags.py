"""Landmarks for screen readers that the layout of the theme lacks."""

from django import template

register = template.Library()


@register.filter(is_safe=True)
def with_main(layout: str) -> str:
    """Return the layout of the theme with the part beside its menu marked as the main one."""
    return layout.replace('id="main"', 'id="main" role="main"', 1)
