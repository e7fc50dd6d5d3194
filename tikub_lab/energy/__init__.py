"""Energy: how each lycée's buildings perform, what changed and why, and what to do next."""
