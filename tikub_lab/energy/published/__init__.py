"""Published files of energy: load curves, bills, weather, and how they become tables."""
