"""Draws the fictitious sample: a package a use case. :func:`tikub_lab.use_cases.sample` finds it; no kit has it."""
