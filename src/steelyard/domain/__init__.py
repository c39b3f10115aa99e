"""What things are: frozen values, state machines, refusals and who may be shown what. No I/O, no clock."""
