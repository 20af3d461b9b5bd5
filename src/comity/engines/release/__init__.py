"""Release: what a partner may see, and why not the rest.

In: the handling of a thing, who would receive it, the terms in force, a purpose and a time. Out: a `Release`
with its grounds. Knows no database, no page and no transport; redaction turns one STIX mapping into another.
"""
