"""The groups of the built-in roles, which `migrate` keeps as `badges.roles` declares them."""

from typing import Any

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Permission

from badges.models import RequestLog
from badges.roles import ROLES
from badges.services.access.people import install_access_group


def install_roles(**kwargs: Any) -> None:
    """Create the built-in groups and give them exactly the permissions in `badges.roles`.

    In the middle of the migrations the request log cannot store a row yet: the last one does it.
    """
    if not _is_complete(kwargs.get("apps")):
        return
    if kwargs:  # called by `migrate`: Django, whose apps come later, would make them after this
        create_permissions(**kwargs)
    for name, codenames in ROLES.items():
        rights = Permission.objects.filter(content_type__app_label="badges", codename__in=codenames)
        install_access_group(name=name, permissions=rights.select_related("content_type"))


def _is_complete(apps: Apps | None) -> bool:
    """Return whether the request log has its current columns; a flush changes none."""
    if apps is None:
        return True
    try:
        model = apps.get_model("badges", "RequestLog")
    except LookupError:
        return False
    existing_columns, current_columns = (
        {field.column for field in request_log._meta.local_fields}
        for request_log in (model, RequestLog)
    )
    return existing_columns == current_columns
