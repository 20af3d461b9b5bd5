"""Counts of the objects in each class, which the database keeps by itself."""

from django.db import migrations, models
from django.db.models.deletion import CASCADE

from comity.node.exchange import counts


class Migration(migrations.Migration):

    dependencies = [("exchange", "0002_words_index"), ("parties", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="ClassCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("held", models.BigIntegerField()),
                (
                    "handling",
                    models.ForeignKey(
                        db_index=False, on_delete=CASCADE, related_name="+", to="exchange.handlingclass"
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False, on_delete=CASCADE, related_name="+", to="parties.party"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("holder", "handling"), name="class_counted_once")
                ],
            },
        ),
        migrations.RunPython(
            lambda apps, editor: counts.make(editor), lambda apps, editor: counts.drop(editor)
        ),
    ]
