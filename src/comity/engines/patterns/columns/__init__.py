"""Columns: the values of many patterns met by whole columns of telemetry at once.

In: values that patterns look for, and columns as Polars or Arrow hold them. Out: which row holds the value of
which pattern.
"""
