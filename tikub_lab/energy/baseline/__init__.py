"""Baselines: models of use against temperature, by CalTRACK 2.0's rules."""
