"""Agreements between states, proposed and accepted by acts, and what is in force on a day.

Knows no object that is shared under them.
"""
