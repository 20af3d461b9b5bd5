"""Patterns: the STIX 2.1 patterning language, and the values that patterns and observables are found by.

In: the text of a pattern, a STIX object, or the words of somebody who searches. Out: a typed tree, or values
in one normal form, so that equal things are equal texts. Knows no database, no page and no telemetry.
"""
