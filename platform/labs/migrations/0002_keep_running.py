"""A cluster may go on for a while when nobody looks."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("labs", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="cluster",
            name="away_s",
            field=models.PositiveIntegerField(default=0, help_text="wall seconds that pass in it when nobody looks"),
        ),
    ]
