"""Plans a build, runs it, makes pages."""

import sys

# rfc3987_syntax compiles a grammar for 1.6 s when jsonschema looks for it, to check IRIs that no notebook's schema has.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # as if it were not installed
