"""Models of use that know the school calendar, for bills as for days."""
