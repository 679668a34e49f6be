"""The permissions of integrators: without a right, access is denied."""

from rest_framework.permissions import BasePermission


class HasAccessRight(BasePermission):
    """Requires the right that the view names for its action, from an access group.

    An action without a named right is refused. An unsupported method passes, because it gets a 405.
    """

    def has_permission(self, request, view):
        if not request.user.is_authenticated:
            return False
        if request.method.lower() not in view.action_map:
            return True
        return request.user.has_right(view.rights.get(view.action))
