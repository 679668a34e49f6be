"""What an integrator may call: default is deny."""

from rest_framework.permissions import BasePermission


class HasAccessRight(BasePermission):
    """The access groups of the integrator give the right that the view names for its action.

    An action without a named right is refused; a method that is none is let pass to its 405.
    """

    def has_permission(self, request, view):
        if not request.user.is_authenticated:
            return False
        if request.method.lower() not in view.action_map:
            return True
        return request.user.has_right(view.rights.get(view.action))
