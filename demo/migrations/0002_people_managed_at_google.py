from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("demo", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="person",
            name="hosted_domain",
            field=models.CharField(blank=True, max_length=253, verbose_name="company that manages the account"),
        ),
    ]
