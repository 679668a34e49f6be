"""Routes of the badge groups and the custom fields."""

from badges.desk.groups_and_fields.fields import FieldPages
from badges.desk.groups_and_fields.groups import GroupPages

urlpatterns = [*GroupPages().urls, *FieldPages().urls]
