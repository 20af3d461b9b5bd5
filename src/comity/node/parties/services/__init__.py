"""Every write of parties, people and machines; each leaves a row in the list of changes."""
