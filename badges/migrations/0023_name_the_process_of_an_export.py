from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("badges", "0022_find_names_by_trigrams"),
    ]

    operations = [
        migrations.AddField(
            model_name="export",
            name="process",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=32, verbose_name="process"
            ),
        ),
    ]
