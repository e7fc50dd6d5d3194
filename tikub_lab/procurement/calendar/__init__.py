"""What ends, what comes back, and when to begin the next procedure."""
