"""Feeds made by hand, as zips of CSV."""

import zipfile

STOPS = """\
stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station
A,Arrêt A,48.00,-4.00,0,
B,Arrêt B,48.10,-4.00,0,
C,Arrêt C,48.20,-4.00,0,
D,Arrêt D,48.205,-4.00,0,
E,"Arrêt E, quai",,,0,G
G,Gare G,48.30,-4.00,1,
"""
SIX = {
    "stops": STOPS,
    "routes": "route_id,route_short_name,route_long_name,route_type\nR1,36,,3\nR2,,Ligne du nord,2\n",
    "trips": "route_id,service_id,trip_id,trip_headsign\nR1,S,T1,Vers C\nR2,S,T2,\nR1,N,T3,Nuit\n",
    "stop_times": """\
trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type,drop_off_type
T1,7:00:00,7:00:00,A,1,0,1
T1,,,B,2,0,0
T1,7:20:00,7:20:00,C,3,1,0
T2,07:30:00,07:30:00,D,10,0,0
T2,07:45:00,07:45:00,E,20,0,0
T3,24:10:00,24:10:00,A,1,0,0
T3,30:30:00,30:30:00,B,2,0,0
""",
    "calendar": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
    "S,1,1,1,1,1,0,0,20260201,20260703\nN,1,0,0,0,0,0,0,20260201,20260703\n",
    "calendar_dates": "service_id,date,exception_type\nS,20260303,2\n",
}
"""Six stops, two trips of a weekday and one of Monday's night; the first school Tuesday is 3 February 2026."""


def feed(path, files, **changes):
    """Write a feed; a file that is None is left out."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (files | changes).items():
            if text is not None:
                archive.writestr(zipfile.ZipInfo(f"{name}.txt"), text, zipfile.ZIP_DEFLATED)  # the same bytes each time
    return path
