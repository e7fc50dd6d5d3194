"""The published formats of the essential data of public procurement (DECP) that can be imported."""

from collections.abc import Callable, Iterator
from pathlib import Path

from tikub_lab.procurement.published import decp_table, documents
from tikub_lab.procurement.published.bids import BIDS_READERS
from tikub_lab.procurement.published.combine import combine
from tikub_lab.procurement.published.cpv import CPV_READER
from tikub_lab.tables.readers import Batch, Head, Reader

TABLES = (
    "procurement/contracts",
    "procurement/suppliers",
    "procurement/amendments",
    "procurement/concessions",
    "procurement/records",
)


def _decp(name: str, title: str, recognises: Callable[[Head], bool], read: Callable[[Path], Iterator[Batch]]) -> Reader:
    return Reader(name, title, TABLES, recognises, read, combine, uses=CPV_READER.tables)


READERS: tuple[Reader, ...] = (
    _decp("decp-2019-json", "DECP 2019 (JSON)", documents.is_json_2019, documents.read_json),
    _decp("decp-2022-json", "DECP 2022 (JSON)", documents.is_json_2022, documents.read_json),
    _decp("decp-2022-xml", "DECP 2022 (XML)", documents.is_xml_2022, documents.read_xml),
    _decp("decp-2019-xml", "DECP 2019 (XML)", documents.is_xml, documents.read_xml),
    _decp("decp-csv", "tabular DECP (CSV)", decp_table.is_csv, decp_table.read_csv),
    _decp("decp-national", "consolidated DECP (CSV)", documents.is_national, documents.read_national),
    _decp("decp-parquet", "tabular DECP (Parquet)", decp_table.is_parquet, decp_table.read_parquet),
    CPV_READER,
    *BIDS_READERS,
)
"""In the order in which they are asked whether they know a file."""
