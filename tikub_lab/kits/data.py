"""The tables that a kit takes: those of its use case, whole, verified, and none that is about persons."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tikub_lab.errors import UsageError
from tikub_lab.kits.recipe import Recipe
from tikub_lab.tables.package import DESCRIPTOR, Package, Resource, read, sha256_of
from tikub_lab.tables.schema import Field, Schema

PERSONAL = "personal"
"""Property of a field in a Table Schema, true where a value can lead to a person or must not be given away.

Neither Table Schema nor schema.data.gouv.fr has a word for it; both keep properties that they do not know.
"""

KEPT = (
    "name", "type", "path", "title", "description", "format", "mediatype", "encoding", "dialect", "schema", "origin",
    "created", "rows", "bytes", "hash", "licenses", "sources",
)  # fmt: skip
"""What a resource's description keeps on its way into a kit."""


def choose(package: Package, recipe: Recipe, checked: bool) -> list[Resource]:
    """Choose the tables of a kit, in the order of the tour, each compared with its hash: the package keeps only those.

    ``checked`` compares each row with its schema too, for other tables than those that the workbench ships.

    Raises
    ------
    UsageError
        No table of the use case, a file other than the descriptor states, a row that breaks its schema, or values in a
        column that is marked personal.
    """
    names = [name for name in package.resources if recipe.carries(name)]
    if not any(name.startswith(f"{recipe.use_case}/") for name in names):
        raise UsageError(
            f"{package.root}: no table of {recipe.use_case!r} there; it has {', '.join(package.resources) or 'none'}."
        )
    package.resources = {name: package.resources[name] for name in recipe.ordered(names)}
    for name in package.resources:
        package.verify(name)
    if checked:
        _audit(package)
    for resource in package.resources.values():
        _refuse_personal(resource)
    return list(package.resources.values())


def _audit(package: Package) -> None:
    from tikub_lab.tables.audit import audit

    problems = audit(package)
    if len(problems):
        first = problems.iloc[0]
        raise UsageError(
            f"{package.root}: {len(problems)} problems, the first in {first['table']}, row {first['row']}, "
            f"{first['field'] or 'whole row'}: {first['value']!r} breaks {first['rule']}. "
            f"`tikub data check {package.root}` lists them."
        )


def personal_fields(schema: Schema) -> list[Field]:
    """Return the fields that a schema marks personal; the mark is true or false, and nothing else."""
    for field in schema.fields:
        if not isinstance(field.raw.get(PERSONAL, False), bool):
            raise UsageError(
                f"{schema.place}, field {field.name!r}: {PERSONAL!r} is {field.raw[PERSONAL]!r}; it is true or false."
            )
    return [field for field in schema.fields if field.raw.get(PERSONAL, False)]


def _refuse_personal(resource: Resource) -> None:
    """Refuse values in a column that is marked personal; those of a sample are fictitious, and pass."""
    marked = personal_fields(resource.schema)
    if not marked or resource.origin == "sample":
        return
    frame = read(resource)
    for field in marked:
        values = int(frame[field.name].notna().sum()) if field.name in frame else 0
        if values:
            raise UsageError(
                f"{resource.path.name}: column {field.name!r} of {resource.name} is marked personal in its schema and "
                f"holds {values:,} values, so it can't be given to teams. Empty the column, or take the table out of "
                "the data package."
            )


def files(package: Package, recipe: Recipe, schemas: Path) -> dict[str, Path | bytes]:
    """Return what ``data/`` of a kit holds, by path in the kit, once its tables are chosen.

    Schemas of tables that the package lacks travel too: a table that is absent is loaded as one without rows.
    """
    found: dict[str, Path | bytes] = {
        f"data/schemas/{path.parent.name}/{path.name}": path
        for path in sorted(schemas.glob("*/*.json"))
        if recipe.carries(f"{path.parent.name}/{path.stem}")
    }
    for resource in package.resources.values():
        found[f"data/{resource.raw['path']}"] = resource.path
        found[f"data/{resource.raw['schema']}"] = resource.schema_path
    found[f"data/{DESCRIPTOR}"] = _descriptor(package, recipe)
    return found


def _descriptor(package: Package, recipe: Recipe) -> bytes:
    resources = [_described(package.resources[name].raw) for name in sorted(package.resources)]
    top = {key: package.raw[key] for key in ("$schema", "description", "created", "version", "licenses")
           if key in package.raw}  # fmt: skip
    title = {"name": f"tikub-kit-{recipe.use_case}", "title": f"{recipe.title} : les tables du kit"}
    text = json.dumps({**title, **top, "resources": resources}, ensure_ascii=False, indent=2)
    return (text + "\n").encode("utf-8")


def _described(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {key: raw[key] for key in KEPT if key in raw}


def verify_copied(root: Path) -> None:
    """Compare the tables of a kit with its descriptor, in case a file changed on its way."""
    package = Package(root)
    for resource in package.resources.values():
        if sha256_of(resource.path) != resource.sha256:
            raise UsageError(f"{resource.name}: its file changed while the kit was made. Make it again.")
