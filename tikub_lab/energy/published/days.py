"""From steps and hours to days of any clock: what baselines take."""

import pandas as pd

LEGAL = "Europe/Paris"
DAY = pd.Timedelta(days=1)
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
    start = pd.DatetimeIndex(loads["debut"])
    wall, minutes = _days_of(start, zone), loads["minutes"].astype("int64")
    inside = start + pd.to_timedelta(minutes.to_numpy(), unit="min") <= (wall + DAY).tz_localize(zone)
    known = loads["kwh"].notna().to_numpy() & inside
    steps = loads.assign(
        compteur_id=loads["compteur_id"].astype("str"),
        debut=wall,
        kwh=loads["kwh"].where(known),
        minutes=minutes.where(known, 0),
        estime=loads["estime"].astype("boolean"),
    )
    grouped = steps.groupby(["compteur_id", "debut"], sort=True)
    days = grouped[["kwh", "minutes"]].sum().assign(estime=grouped["estime"].any(skipna=False))
    spans = days.reset_index().groupby("compteur_id")["debut"].agg(["min", "max"])
    every = [(name, day) for name, low, high in spans.itertuples() for day in pd.date_range(low, high)]
    names = pd.Index([name for name, _ in every], dtype="str")
    begins = pd.DatetimeIndex([day for _, day in every]).as_unit("s")
    days = days.reindex(pd.MultiIndex.from_arrays([names, begins], names=days.index.names)).reset_index()
    whole = days["minutes"].to_numpy() == _lengths(begins, zone) / pd.Timedelta(minutes=1)
    days = days.assign(fin=begins + DAY, kwh=days["kwh"].astype("float64").where(whole), origine="relevé")
    return days[READINGS]


def _days_of(moments: pd.DatetimeIndex, zone: str) -> pd.DatetimeIndex:
    """Return the days of moments on a clock."""
    return moments.tz_convert(zone).tz_localize(None).normalize().as_unit("s")


def _lengths(days: pd.DatetimeIndex, zone: str) -> pd.TimedeltaIndex:
    """Return how long days of a clock are."""
    return (days + DAY).tz_localize(zone) - days.tz_localize(zone)


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
    wall = _days_of(pd.DatetimeIndex(temperatures["heure"]), zone)
    hours = temperatures.assign(station=temperatures["station"].astype("str"), jour=wall)
    days = hours.groupby(["station", "jour"], sort=True)["temperature"].agg(["min", "mean", "max", "count"])
    days = days.reset_index()
    count, every = days["count"], _lengths(pd.DatetimeIndex(days["jour"]), zone) / pd.Timedelta(hours=1)
    return days[["station", "jour"]].assign(
        tmin=days["min"].where(count >= every),
        tmoy=days["mean"].where(2 * count > every),
        tmax=days["max"].where(count >= every),
    )
