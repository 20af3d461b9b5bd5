"""Partners and what passes between nodes: descriptors, keys, the TAXII doors, the outbox at work, alarms.

Signed bytes come in and go out; it knows no kind of act beyond its own key declarations.
"""
