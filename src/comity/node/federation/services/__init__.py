"""Every write of the federation: our own keys, partners, what comes in, what goes out; a module for each."""
