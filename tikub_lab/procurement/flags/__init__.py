"""Red flags of the Open Contracting Partnership, on processes read from any source."""
