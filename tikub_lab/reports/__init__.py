"""Plans a build, runs it, makes pages."""
