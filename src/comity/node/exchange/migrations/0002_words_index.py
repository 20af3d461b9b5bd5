"""An index of the words of objects, which the database keeps by itself."""

from django.db import migrations

from comity.node.exchange import fulltext


class Migration(migrations.Migration):

    dependencies = [("exchange", "0001_initial")]

    operations = [
        migrations.RunPython(
            lambda apps, editor: fulltext.make(editor), lambda apps, editor: fulltext.drop(editor)
        )
    ]
