"""How good a publication is, and how it moves from one to the next."""
