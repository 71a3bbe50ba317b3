"""The instructor may hold every clock, and present a cluster."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("classroom", "0001_initial"), ("labs", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="class",
            name="paused",
            field=models.DateTimeField(blank=True, help_text="since when every learner's clock is held", null=True),
        ),
        migrations.AddField(
            model_name="class",
            name="presented",
            field=models.ForeignKey(
                blank=True,
                help_text="the instructor's cluster that the class follows",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="presented_in",
                to="labs.cluster",
            ),
        ),
    ]
