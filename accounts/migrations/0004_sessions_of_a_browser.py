"""Whose form it is that a browser posts after its session ended is asked by the browser's mark."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_ways_in")]

    operations = [
        migrations.AddIndex(
            model_name="session",
            index=models.Index(fields=["browser_hash", "-created_at"], name="session_by_browser"),
        ),
    ]
