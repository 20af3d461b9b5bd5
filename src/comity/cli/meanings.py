"""What it means for whoever checks when a rule does not say yes, by the beginning of the rule's name."""

from __future__ import annotations

_MEANINGS = (
    ("act.", "The act as it lies here is not proven to be its author's. Ask the author for it again."),
    ("act.unknown-key", "This descriptor cannot tell who signed. Get the author's newest descriptor."),
    ("receipt.", "This receipt does not prove that this act arrived. Ask the receiver for it again."),
    ("receipt.unknown-key", "This descriptor cannot tell who signed. Get the receiver's newest descriptor."),
    ("descriptor.", "The node's keys cannot be trusted, nor what they signed. Get its descriptor again."),
    ("note.", "The log did not sign this checkpoint, so nothing under it is proven. Check key and file."),
    ("checkpoint.", "The checkpoint is not one of this log, so nothing under it is proven. Check the files."),
    ("checkpoint.key-not-valid-then", "Whoever holds a retired key could have signed. Ask for a new proof."),
    ("cosignature.", "This witness does not vouch for the checkpoint. The log may show others another one."),
    ("commitment.", "What you were shown is not what was recorded. Ask for salt and entry again."),
    ("log.inclusion.", "The log is not shown to hold this entry: proof or entry was altered. Ask again."),
    ("log.copy.", "This is not the log that was signed. Copy it anew; if still wrong, the log was altered."),
    ("log.copy.missing", "The copy is not whole. Copy the file; if the log has none, it lost entries."),
    ("log.copy.other", "The copy is of another state of the log, or was altered. Copy the log anew."),
    ("log.copy.behind", "The copy ends too early to tell. Copy the log as it is now."),
    ("log.", "The log told two stories. Keep both checkpoints: signed by it, they prove that to anyone."),
    ("log.other-origin", "Checkpoints of two logs say nothing about each other. Check which files you have."),
    ("both.", "The two logs do not tell the same story. Keep both proofs, and ask both sides for the act."),
    ("both.opening", "What the entry says cannot be seen. Ask the keeper of the log to open it to you."),
    ("both.receipt", "The digests cannot be compared yet. Add the receipt that the first log recorded."),
    ("webhook.", "The node is not shown to have made this call. Do not act on it; poll the collection."),
    ("webhook.unknown-key", "This descriptor cannot tell who signed. Get the node's newest descriptor."),
    ("webhook.late", "It may be an older call, played again. Ask the collection what is new."),
)  # fmt: skip  # a table


def meaning_of(rule: str) -> str:
    """The sentence with the longest beginning that fits; the empty text for a rule that has none."""
    fitting = [(start, text) for start, text in _MEANINGS if rule.startswith(start)]
    return max(fitting, key=lambda each: len(each[0]), default=("", ""))[1]
