"""Scoring: how much an object is worth acting on now, from 0 to 100, and why.

In: what its maker said of it, what others said since, the parameters in force and a time. Out: a `Score` with
its parts, whose points add up to it. Knows no database and no format; each parameter stands with its source.
"""
