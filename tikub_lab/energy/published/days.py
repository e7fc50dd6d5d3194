"""From steps and hours to days of any clock: what baselines take."""

import pandas as pd

LEGAL = "Europe/Paris"
READINGS = ["compteur_id", "debut", "fin", "kwh", "estime", "origine"]


def loads_to_readings(loads: pd.DataFrame, zone: str = LEGAL) -> pd.DataFrame:
    """Add up load curves into days of a clock; a day that is not covered whole has no figure.

    Parameters
    ----------
    loads : DataFrame
        Table ``energy/loads``: ``compteur_id``, ``debut`` (universal time), ``minutes``, ``kwh``, ``estime``.
    zone : str
        The clock whose days are meant; legal time in France by default, with days of 23 and 25 hours.

    Returns
    -------
    DataFrame
        The columns of ``energy/readings``, a row a meter and day from its first to its last one: ``kwh`` is empty where
        the known steps within the day don't make up its length, or where one of them runs across midnight; ``estime``
        is true where any step is estimated, empty where none is and one isn't known; ``origine`` is « relevé ».

    Examples
    --------
    >>> spring = pd.date_range("2025-03-29T23:00Z", periods=23, freq="h")  # 30 March has 23 hours
    >>> table = pd.DataFrame({"compteur_id": "E1", "debut": spring, "minutes": 60, "kwh": 2.0, "estime": False})
    >>> loads_to_readings(table)[["debut", "kwh"]].to_numpy().tolist()
    [[Timestamp('2025-03-30 00:00:00'), 46.0]]
    >>> loads_to_readings(table.drop(index=5))["kwh"].tolist()
    [nan]
    """
    start = pd.DatetimeIndex(loads["debut"]).tz_convert(zone)
    wall = start.tz_localize(None).normalize()
    midnight = (wall + pd.Timedelta(days=1)).tz_localize(zone)
    inside = (start + pd.to_timedelta(loads["minutes"].astype("int64").to_numpy(), unit="min")) <= midnight
    known = loads["kwh"].notna().to_numpy() & inside
    estimated = loads["estime"].astype("boolean")
    steps = pd.DataFrame(
        {
            "compteur_id": loads["compteur_id"].astype("str").to_numpy(),
            "debut": wall.as_unit("s"),
            "kwh": loads["kwh"].where(known).to_numpy(),
            "minutes": loads["minutes"].where(known, 0).astype("int64").to_numpy(),
            "yes": estimated.fillna(False).to_numpy(),
            "unsaid": estimated.isna().to_numpy(),
        }
    )
    days = steps.groupby(["compteur_id", "debut"], sort=True).agg(
        kwh=("kwh", "sum"), minutes=("minutes", "sum"), yes=("yes", "any"), unsaid=("unsaid", "any")
    )
    return _readings(days, zone)


def _readings(days: pd.DataFrame, zone: str) -> pd.DataFrame:
    spans = days.reset_index().groupby("compteur_id")["debut"].agg(["min", "max"])
    every = [(name, day) for name, low, high in spans.itertuples() for day in pd.date_range(low, high)]
    names = pd.Index([name for name, _ in every], dtype="str")
    begins = pd.DatetimeIndex([day for _, day in every]).as_unit("s")
    whole = pd.MultiIndex.from_arrays([names, begins], names=["compteur_id", "debut"])
    table = days.reindex(whole).reset_index()
    begin = pd.DatetimeIndex(table["debut"]).as_unit("s")
    end = begin + pd.Timedelta(days=1)
    length = (end.tz_localize(zone) - begin.tz_localize(zone)) / pd.Timedelta(minutes=1)
    estimated = table["yes"].astype("boolean").mask((table["yes"] != True) & (table["unsaid"] != False))  # noqa: E712
    return pd.DataFrame(
        {
            "compteur_id": table["compteur_id"].astype("str"),
            "debut": begin,
            "fin": end,
            "kwh": table["kwh"].astype("float64").where((table["minutes"] == length).to_numpy()),
            "estime": estimated,
            "origine": "relevé",
        }
    )[READINGS]


def temperatures_to_weather(temperatures: pd.DataFrame, zone: str = "UTC") -> pd.DataFrame:
    """Average hourly temperatures over the days of a clock.

    Parameters
    ----------
    temperatures : DataFrame
        Table ``energy/temperatures``: ``station``, ``heure`` (universal time), ``temperature``.
    zone : str
        The clock whose days are meant: universal, as ``energy/weather`` has them, unless said otherwise.

    Returns
    -------
    DataFrame
        ``station``, ``jour``, ``tmin``, ``tmoy``, ``tmax``, ordered. A day with half of its hours or less has no mean
        (CalTRACK 2.2.2.3), one with less than all of them no extremes.

    Examples
    --------
    >>> hours = pd.date_range("2025-01-01", periods=24, freq="h", tz="UTC")
    >>> table = pd.DataFrame({"station": "S", "heure": hours, "temperature": range(24)})
    >>> temperatures_to_weather(table)[["tmin", "tmoy", "tmax"]].to_numpy().tolist()
    [[0.0, 11.5, 23.0]]
    >>> temperatures_to_weather(table, "Europe/Paris")["tmoy"].round(1).tolist()
    [11.0, nan]
    """
    wall = pd.DatetimeIndex(temperatures["heure"]).tz_convert(zone).tz_localize(None).normalize().as_unit("s")
    hours = pd.DataFrame(
        {
            "station": temperatures["station"].astype("str").to_numpy(),
            "jour": wall,
            "value": temperatures["temperature"].astype("float64").to_numpy(),
        }
    )
    days = hours.groupby(["station", "jour"], sort=True)["value"].agg(["min", "mean", "max", "count"]).reset_index()
    begin = pd.DatetimeIndex(days["jour"])
    length = ((begin + pd.Timedelta(days=1)).tz_localize(zone) - begin.tz_localize(zone)) / pd.Timedelta(hours=1)
    count, every = days["count"].to_numpy(), length.to_numpy()
    return pd.DataFrame(
        {
            "station": days["station"],
            "jour": begin,
            "tmin": days["min"].where(count >= every),
            "tmoy": days["mean"].where(2 * count > every),
            "tmax": days["max"].where(count >= every),
        }
    )
