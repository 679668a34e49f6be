from datetime import date

from django.db import migrations
from django.db.models import Sum


def add_totals(apps, schema_editor):
    """Keep beside the tallies of the days of each badge the sum of all of them."""
    tallies = apps.get_model("badges", "EarnTally").objects
    sums = tallies.order_by().values_list("badge_id").annotate(Sum("by_event_day"))
    tallies.bulk_create(
        [tallies.model(badge_id=badge_id, day=date.min, in_all=sum_) for badge_id, sum_ in sums]
    )


def remove_totals(apps, schema_editor):
    apps.get_model("badges", "EarnTally").objects.filter(day=date.min).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("badges", "0008_bound_what_the_desk_reads"),
    ]

    operations = [
        migrations.RunPython(add_totals, remove_totals),
    ]
