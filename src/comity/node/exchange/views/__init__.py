"""The pages of the exchange: what we hold, what we bring in, what we share, what a partner sees."""
