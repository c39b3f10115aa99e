"""Other people's interfaces, spoken exactly."""
