"""Threat information in STIX: import, handling classes, shares, and what each partner sees of us and why.

What leaves is decided by the release engine inside the query.
"""
