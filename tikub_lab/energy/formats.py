"""The published files of energy use and weather that can be imported."""

from tikub_lab.energy.published import (
    bills,
    enedis,
    enedis_customer,
    enedis_flat,
    grdf,
    green_csv,
    green_xml,
    openeemeter,
    weather,
)
from tikub_lab.energy.published.combine import combine_readings, combine_weather
from tikub_lab.tables.readers import Reader

TABLES = ("energy/readings", "energy/loads", "energy/meters")
WEATHER = ("energy/weather", "energy/temperatures", "energy/stations")
OWN = "Données de consommation du client"
"""What files of one's own meters are under: nothing that may be published as it is."""

READERS: tuple[Reader, ...] = (
    Reader(
        "openeemeter-meter", "OpenEEmeter sample, meter (CSV: start, value)", TABLES, openeemeter.is_meter,
        openeemeter.read_meter, combine_readings, "Apache-2.0", "OpenEEmeter",
    ),
    Reader(
        "openeemeter-metadata", "OpenEEmeter samples, metadata (JSON)", TABLES, openeemeter.is_metadata,
        openeemeter.read_metadata, combine_readings, "Apache-2.0", "OpenEEmeter",
    ),
    Reader(
        "openeemeter-temperature", "OpenEEmeter sample, temperatures (CSV: dt, tempC or tempF)", WEATHER,
        openeemeter.is_temperature, openeemeter.read_temperature, combine_weather, "Apache-2.0",
        "OpenEEmeter",
    ),
    Reader(
        "meteo-france-daily", "Météo-France daily weather (CSV)", WEATHER, weather.LAYOUT.recognises, weather.read,
        combine_weather, publisher="Météo-France",
    ),
    Reader(
        "enedis-account", "Enedis account export (CSV)", TABLES, enedis.is_account, enedis.read_account,
        combine_readings, OWN, "Enedis",
    ),
    Reader(
        "enedis-flat", "Enedis load curves, flat (CSV: R63)", TABLES, enedis_flat.LAYOUT.recognises,
        enedis_flat.read_flat, combine_readings, OWN, "Enedis",
    ),
    Reader(
        "enedis-customer", "Enedis customer's export since 2025 (CSV, xlsx: Début, Fin, Valeur)", TABLES,
        enedis_customer.LAYOUT.recognises, enedis_customer.read, combine_readings, OWN, "Enedis",
    ),
    Reader(
        "green-button-xml", "Green Button (ESPI XML)", TABLES, green_xml.is_green_button, green_xml.read,
        combine_readings, OWN,
    ),
    Reader(
        "green-button-csv", "Green Button (CSV)", TABLES, green_csv.LAYOUT.recognises, green_csv.read,
        combine_readings, OWN,
    ),
    Reader(
        "grdf", "GRDF consumption export (CSV, xlsx)", TABLES, grdf.LAYOUT.recognises, grdf.read, combine_readings,
        OWN, "GRDF",
    ),
    Reader(
        "energy-bills", "energy bills (CSV, xlsx: compteur, début, fin, kWh, estimé, énergie)", TABLES,
        bills.BILLS.recognises, bills.read_bills, combine_readings, OWN,
    ),
    Reader(
        "energy-meters", "list of meters (CSV, xlsx: compteur, point de livraison, énergie, code UAI, usage)", TABLES,
        bills.METERS.recognises, bills.read_list, combine_readings, OWN,
    ),
)  # fmt: skip
"""In the order in which they are asked whether they know a file, those with looser labels last."""
