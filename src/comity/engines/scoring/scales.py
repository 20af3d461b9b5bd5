"""Confidence in words: the scale None, Low, Med, High of STIX 2.1, appendix A."""

from __future__ import annotations

_STEPS = ((70, "high"), (30, "medium"), (1, "low"))


def in_words(confidence: int) -> str:
    """The word for a confidence from 0 to 100."""
    return next((word for least, word in _STEPS if confidence >= least), "none")
