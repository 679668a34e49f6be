"""Search keys of users and access groups, for which Django's own tables have no column."""

from django.contrib.auth.models import Group, User
from django.db import models
from django.utils.translation import gettext_lazy as _

from badges.models.names import SearchKeyField


class UserKey(models.Model):
    """The search key of a user, built from all names and the e-mail address."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="found_by")
    search_key = SearchKeyField(source="names")

    class Meta:
        verbose_name = _("search key of a user")
        verbose_name_plural = _("search keys of users")
        default_permissions = ()

    def __str__(self):
        return self.search_key

    @property
    def names(self) -> str:
        user = self.user
        return " ".join([user.username, user.first_name, user.last_name, user.email])


class GroupKey(models.Model):
    """The search key of an access group."""

    group = models.OneToOneField(Group, models.CASCADE, primary_key=True, related_name="found_by")
    search_key = SearchKeyField(source="names")

    class Meta:
        verbose_name = _("search key of an access group")
        verbose_name_plural = _("search keys of access groups")
        default_permissions = ()

    def __str__(self):
        return self.search_key

    @property
    def names(self) -> str:
        return self.group.name
