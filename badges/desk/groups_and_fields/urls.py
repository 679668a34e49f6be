"""Routes of the badge groups, the custom fields and the reasons for issuing."""

from badges.desk.groups_and_fields.fields import FieldPages
from badges.desk.groups_and_fields.groups import GroupPages
from badges.desk.groups_and_fields.reasons import ReasonPages

urlpatterns = [*GroupPages().urls, *FieldPages().urls, *ReasonPages().urls]
