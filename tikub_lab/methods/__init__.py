"""Ground floor: what several use cases need beside tables and pictures."""
