"""Logs: bytes, files and streams in; portions of columns out, each with the layout that says what they mean.

What a format looks like stands in a table of `tables/`, as data. Nothing here knows patterns or indicators,
reads a clock or sleeps.
"""
