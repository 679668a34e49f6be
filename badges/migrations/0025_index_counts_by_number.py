from django.db import migrations, models

from badges.migration_operations import AddIndexNonBlocking


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("badges", "0024_add_counts_of_all_actors"),
    ]

    operations = [
        AddIndexNonBlocking(
            model_name="actorcount",
            index=models.Index(fields=["day", "-requests"], name="actor_count_by_requests"),
        ),
        AddIndexNonBlocking(
            model_name="actorcount",
            index=models.Index(
                condition=models.Q(integrator_id__gt=0),
                fields=["day", "-refused"],
                name="actor_count_by_refused",
            ),
        ),
        AddIndexNonBlocking(
            model_name="badgecount",
            index=models.Index(fields=["day", "-issued"], name="badge_count_by_issued"),
        ),
        AddIndexNonBlocking(
            model_name="earnlimit",
            index=models.Index(
                condition=models.Q(level="BADGE", kind__in=["FIXED_VALUE", "FIXED_WINDOW"]),
                fields=["badge"],
                name="limit_over_all_customers",
            ),
        ),
    ]
