"""The published files of energy use and weather that can be imported."""

from tikub_lab.energy import (
    read_bills,
    read_enedis,
    read_enedis_flat,
    read_grdf,
    read_green_csv,
    read_green_xml,
    read_openeemeter,
    read_weather,
)
from tikub_lab.energy.read_combine import combine_readings, combine_weather
from tikub_lab.tables.imports import Reader

TABLES = ("energy/readings", "energy/loads", "energy/meters")
WEATHER = ("energy/weather", "energy/temperatures", "energy/stations")
OWN = "Données de consommation du client"
"""What files of one's own meters are under: nothing that may be published as it is."""

READERS: tuple[Reader, ...] = (
    Reader(
        "openeemeter-meter", "OpenEEmeter sample, meter (CSV: start, value)", TABLES, read_openeemeter.is_meter,
        read_openeemeter.read_meter, combine_readings, "Apache-2.0", "OpenEEmeter",
    ),
    Reader(
        "openeemeter-metadata", "OpenEEmeter samples, metadata (JSON)", TABLES, read_openeemeter.is_metadata,
        read_openeemeter.read_metadata, combine_readings, "Apache-2.0", "OpenEEmeter",
    ),
    Reader(
        "openeemeter-temperature", "OpenEEmeter sample, temperatures (CSV: dt, tempC or tempF)", WEATHER,
        read_openeemeter.is_temperature, read_openeemeter.read_temperature, combine_weather, "Apache-2.0",
        "OpenEEmeter",
    ),
    Reader(
        "meteo-france-daily", "Météo-France daily weather (CSV)", WEATHER, read_weather.is_daily, read_weather.read,
        combine_weather, publisher="Météo-France",
    ),
    Reader(
        "enedis-account", "Enedis account export (CSV)", TABLES, read_enedis.is_account, read_enedis.read_account,
        combine_readings, OWN, "Enedis",
    ),
    Reader(
        "enedis-flat", "Enedis load curves, flat (CSV: R63)", TABLES, read_enedis_flat.is_flat,
        read_enedis_flat.read_flat, combine_readings, OWN, "Enedis",
    ),
    Reader(
        "green-button-xml", "Green Button (ESPI XML)", TABLES, read_green_xml.is_green_button, read_green_xml.read,
        combine_readings, OWN,
    ),
    Reader(
        "green-button-csv", "Green Button (CSV)", TABLES, read_green_csv.is_green_button, read_green_csv.read,
        combine_readings, OWN,
    ),
    Reader(
        "grdf", "GRDF consumption export (CSV, xlsx)", TABLES, read_grdf.is_grdf, read_grdf.read, combine_readings,
        OWN, "GRDF",
    ),
    Reader(
        "energy-bills", "energy bills (CSV, xlsx: compteur, début, fin, kWh, estimé, énergie)", TABLES,
        read_bills.is_bills, read_bills.read_bills, combine_readings, OWN,
    ),
    Reader(
        "energy-meters", "list of meters (CSV, xlsx: compteur, point de livraison, énergie, code UAI, usage)", TABLES,
        read_bills.is_list, read_bills.read_list, combine_readings, OWN,
    ),
)  # fmt: skip
"""In the order in which they are asked whether they know a file, those with looser labels last."""
