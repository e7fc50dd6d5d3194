"""The published formats of the essential data of public procurement (DECP) that can be imported."""

from tikub_lab.procurement.published import decp_json, decp_national, decp_table, decp_xml
from tikub_lab.procurement.published.bids import BIDS_READERS
from tikub_lab.procurement.published.combine import combine
from tikub_lab.procurement.published.cpv import CPV_READER
from tikub_lab.tables.readers import Reader

TABLES = (
    "procurement/contracts",
    "procurement/suppliers",
    "procurement/amendments",
    "procurement/concessions",
    "procurement/records",
)

READERS: tuple[Reader, ...] = (
    Reader("decp-2019-json", "DECP 2019 (JSON)", TABLES, decp_json.is_2019, decp_json.read, combine),
    Reader("decp-2022-json", "DECP 2022 (JSON)", TABLES, decp_json.is_2022, decp_json.read, combine),
    Reader("decp-2022-xml", "DECP 2022 (XML)", TABLES, decp_xml.is_2022, decp_xml.read, combine),
    Reader("decp-2019-xml", "DECP 2019 (XML)", TABLES, decp_xml.is_decp, decp_xml.read, combine),
    Reader("decp-csv", "tabular DECP (CSV)", TABLES, decp_table.is_csv, decp_table.read_csv, combine),
    Reader("decp-national", "consolidated DECP (CSV)", TABLES, decp_national.is_csv, decp_national.read, combine),
    Reader("decp-parquet", "tabular DECP (Parquet)", TABLES, decp_table.is_parquet, decp_table.read_parquet, combine),
    CPV_READER,
    *BIDS_READERS,
)
"""In the order in which they are asked whether they know a file."""
