"""The density of amounts around a threshold, and whether it jumps there."""
