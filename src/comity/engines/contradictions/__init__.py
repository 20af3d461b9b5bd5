"""Contradictions: statements of different givers about one thing that cannot both hold.

In: what each of them says of it, and a time. Out: every such pair, with the rule that finds it. Nothing is
decided: both sides are shown, and people do that.
"""
