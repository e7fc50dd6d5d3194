"""Steering purchases by data."""
