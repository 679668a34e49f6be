from django.db import migrations, models

from badges.migration_operations import AddIndexNonBlocking

INDEXES = [
    ("badgegroup", "badgegroup_by_rank", ["rank", "name", "id"]),
    ("badgemeta", "badge_by_group", ["group", "rank", "-expires_at", "id"]),
    ("customfield", "customfield_by_change", ["active", "-updated_at", "id"]),
    ("customfield", "customfield_by_name", ["active", "name", "id"]),
    ("customvalue", "custom_value_by_field", ["field", "id"]),
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("badges", "0019_end_sessions_of_users"),
    ]

    operations = [
        AddIndexNonBlocking(model, models.Index(fields=fields, name=name))
        for model, name, fields in INDEXES
    ]
