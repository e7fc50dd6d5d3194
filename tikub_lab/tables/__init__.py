"""Ground floor: schemas, checks and the data package. Knows no use case."""
