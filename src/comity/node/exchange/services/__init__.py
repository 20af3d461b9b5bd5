"""Every write of the exchange: importing, storing, marking victims, sharing, taking what partners share."""
