"""Values and the fold: pure. Nothing here reads a clock, a socket or a random number."""
