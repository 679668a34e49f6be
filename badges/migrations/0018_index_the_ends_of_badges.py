from django.db import migrations, models

from badges.migration_operations import AddIndexNonBlocking


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("badges", "0017_add_search_keys"),
    ]

    operations = [
        AddIndexNonBlocking(
            model_name="badgemeta",
            index=models.Index(
                condition=models.Q(("active", True)),
                fields=["expires_at", "id", "starts_at"],
                name="active_badge_by_end",
            ),
        ),
    ]
