"""The published files about the territory that can be imported."""

from tikub_lab.tables.readers import Reader
from tikub_lab.territory import published
from tikub_lab.territory.dcat import DATASETS, is_dcat, read_dcat
from tikub_lab.territory.gtfs import TABLES, is_gtfs, read_gtfs

READERS: tuple[Reader, ...] = (
    Reader(
        "dcat", "catalogue of an open-data portal (DCAT in RDF/XML)", (DATASETS,), is_dcat, read_dcat,
        licence="Licence du catalogue : voir le portail",
    ),
    Reader(
        "gtfs", "timetables of transit networks (GTFS in a zip)", TABLES, is_gtfs, read_gtfs,
        licence="Licence du réseau : voir le portail",
    ),
    *published.READERS,
)  # fmt: skip
"""In the order in which they are asked whether they know a file."""
