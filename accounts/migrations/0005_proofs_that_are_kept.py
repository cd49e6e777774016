"""A proof from before SSO was enforced stays beside the newer one of its kind where a manager chose *keep*."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_sessions_of_a_browser")]

    operations = [
        migrations.AddField(
            model_name="proof",
            name="is_superseded",
            field=models.BooleanField(default=False),
        ),
        migrations.RemoveConstraint(model_name="proof", name="proof_of_each_way_is_one"),
        migrations.AddConstraint(
            model_name="proof",
            constraint=models.UniqueConstraint(
                condition=models.Q(("connection__isnull", True), ("is_superseded", False)),
                fields=("session", "way"),
                name="proof_of_each_way_is_one",
            ),
        ),
    ]
