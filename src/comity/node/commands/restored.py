"""The second half of a restore, for which Django is set up: this version's tables, and a log that fits."""

from __future__ import annotations

from comity.node.commands import log_state
from comity.node.commands.archives import Manifest
from comity.node.commands.migrate import bring_up_to_date
from comity.node.commands.output import Output


def finish(output: Output, manifest: Manifest) -> None:
    """Migrate, then raise `Refused` unless the log is whole and continues the checkpoint of the backup."""
    bring_up_to_date(output)
    with output.step("Comparing the log with the checkpoint of the backup"):
        log_state.judge_log(manifest.checkpoint.encode()).require()
