"""The frame of every page: base template, components, styles, errors as pages or JSON, and the `System` base.

Knows no system above it.
"""
