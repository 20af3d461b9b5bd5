"""Feeds: what is read again and again from elsewhere, kind by kind; what we publish has the form of one."""
