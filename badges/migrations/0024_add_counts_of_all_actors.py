from django.db import migrations, models

from badges.migration_operations import AddIndexNonBlocking, RemoveIndexNonBlocking

# So far, a row without an integrator counted the requests of users and commands alone.
ADD_INTEGRATORS = """
INSERT INTO badges_dailycount AS known
    (day, channel, operation, code, badge_id, integrator_id, requests, customers)
SELECT day, channel, operation, code, badge_id, 0, sum(requests), sum(customers)
FROM badges_dailycount WHERE integrator_id <> 0
GROUP BY day, channel, operation, code, badge_id
ON CONFLICT (day, channel, operation, code, badge_id, integrator_id) DO UPDATE SET
    requests = known.requests + excluded.requests,
    customers = known.customers + excluded.customers
"""


def count_all_actors(apps, schema_editor):
    """Add the counts of integrators to those of all actors.

    The lock on the cursor lets no process count meanwhile.
    """
    cursors = apps.get_model("badges", "SummaryCursor").objects
    cursors.select_for_update().first()
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(ADD_INTEGRATORS)


def delete_counts(apps, schema_editor):
    """Delete the counts: the older version begins with the first request again."""
    for name in ("DailyCount", "BadgeCount", "ActorCount", "SummaryCursor"):
        apps.get_model("badges", name).objects.all().delete()


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("badges", "0023_name_the_process_of_an_export"),
    ]

    operations = [
        AddIndexNonBlocking(
            model_name="dailycount",
            index=models.Index(
                fields=["badge_id", "integrator_id", "day"], name="daily_count_by_integrator"
            ),
        ),
        AddIndexNonBlocking(
            model_name="dailycount",
            index=models.Index(
                condition=models.Q(badge_id="", code=0, integrator_id=0),
                fields=["day"],
                name="daily_count_of_accepted",
            ),
        ),
        AddIndexNonBlocking(
            model_name="dailycount",
            index=models.Index(
                condition=models.Q(badge_id="", code__gt=0, integrator_id=0),
                fields=["day"],
                name="daily_count_of_refusals",
            ),
        ),
        migrations.RunPython(count_all_actors, delete_counts, atomic=True),
        RemoveIndexNonBlocking(model_name="dailycount", name="daily_count_by_badge"),
        RemoveIndexNonBlocking(model_name="dailycount", name="daily_count_of_done"),
        RemoveIndexNonBlocking(model_name="dailycount", name="daily_count_of_refused"),
    ]
