"""Where a parked form was posted to is sealed with its fields: an address may hold a secret too."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_proofs_that_are_kept")]

    operations = [migrations.RemoveField(model_name="parkedform", name="path")]
