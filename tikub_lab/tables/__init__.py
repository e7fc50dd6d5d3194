"""Ground floor: schemas, checks and the data package. Knows no use case.

- :func:`load` gives a table as a typed DataFrame; :func:`used` says what was loaded;
- :func:`check` compares rows with a Table Schema and returns the problems as a table;
- :func:`open_package` opens a data package; :func:`workbench` finds the workbench.
"""

from tikub_lab.tables.check import check
from tikub_lab.tables.package import Package, Resource, load, open_package, used, workbench
from tikub_lab.tables.schema import Schema, read_schema

__all__ = ["Package", "Resource", "Schema", "check", "load", "open_package", "read_schema", "used", "workbench"]
