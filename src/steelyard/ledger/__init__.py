"""What happened: commitments to what was said, and the log that they are to stand in."""
