from django.db import migrations


def forget(apps, schema_editor):
    """They are about to be kept in another way; the server counts the log anew by itself."""
    apps.get_model("badges", "DailyCount").objects.all().delete()
    apps.get_model("badges", "SummaryCursor").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("badges", "0006_add_the_browser_of_the_ledgers"),
    ]

    operations = [
        migrations.RunPython(forget, forget),
    ]
