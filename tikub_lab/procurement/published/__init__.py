"""Published files of public procurement: reading them, the rules on them, and what is kept of each record."""
