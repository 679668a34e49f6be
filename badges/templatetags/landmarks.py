"""What the layout of the theme lacks for those who go through a page by its landmarks."""

from django import template

register = template.Library()


@register.filter(is_safe=True)
def with_main(layout: str) -> str:
    """Return the layout of the theme with the part beside its menu marked as the main one."""
    return layout.replace('id="main"', 'id="main" role="main"', 1)
