"""The door for a terminal: every command is parse, one use case, print."""
