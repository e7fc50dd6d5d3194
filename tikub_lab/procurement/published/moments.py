"""Moments of the bid register, in universal time."""

import re

import pandas as pd

_DATE = re.compile(
    r"(?:(\d{4})-(\d\d)-(\d\d)|(\d\d)/(\d\d)/(\d{4}))(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?"
)


def utc(text: str, end: bool = False) -> str | None:
    """Write a moment in universal time; without a zone it is French time, without an hour the day's start (or end).

    A leap second is the second after it.

    Examples
    --------
    >>> utc("2024-04-02T12:00"), utc("02/04/2024", end=True), utc("2024-12-31T23:30:00-05:00"), utc("2024-02-30")
    ('2024-04-02T10:00:00Z', '2024-04-02T21:59:59Z', '2025-01-01T04:30:00Z', None)
    """
    match = _DATE.fullmatch(text)
    if not match:
        return None
    day = "-".join(match.group(1, 2, 3) if match[1] else match.group(6, 5, 4))
    hour, minute, second = match.group(7, 8, 9) if match[7] else ("23", "59", "59") if end else ("00", "00", "00")
    leap = second == "60"
    clock = f"{hour}:{minute}:{'59' if leap else second or '00'}{(match[10] or '')[:7]}"
    try:
        value = pd.Timestamp(f"{day}T{clock}{match[11] or ''}") + pd.Timedelta(seconds=int(leap))
        if value.tz is None:
            value = value.tz_localize("Europe/Paris", ambiguous=True, nonexistent="shift_forward")
        value = value.tz_convert("UTC")
        return value.isoformat().replace("+00:00", "Z") if 1 <= value.year <= 9999 else None
    except ValueError:
        return None
