"""An index of the words of objects, and a note of what it does not hold yet, which the database keeps by itself."""

from django.db import migrations

from comity.node.exchange import wordindex


class Migration(migrations.Migration):

    dependencies = [("exchange", "0001_initial")]

    operations = [
        migrations.RunPython(
            lambda apps, editor: wordindex.make(editor), lambda apps, editor: wordindex.drop(editor)
        )
    ]
