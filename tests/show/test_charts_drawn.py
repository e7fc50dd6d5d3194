"""Charts as a reader sees them: where each mark stands on the page, worked out from the values.

Places are points from the left and from the top; a page shows 374 of them across, as wide as a phone.
"""

import pandas as pd
import pytest

from tikub_lab.show import among, bars, columns, euros, histogram, intervals, lines, months, percent, scatter, targets

NAN = float("nan")
RATES = pd.Series({"Manqué": 0.2, "Reçu": 0.3, "Libre": 0.1, "Inconnu": NAN, "Perdu": -0.1})


def by_month(values, start):
    return pd.Series(values, index=pd.period_range(start, periods=len(values), freq="M"), dtype="float64")


CASES = {}


def case(name, make, expected):
    CASES[name] = make, expected


# Rows of 39 points; five sixths of the width for the largest bar. What is missing has no bar and says so.
case(
    "bars",
    lambda: bars(pd.Series({"Travaux": 12.0, "Services": 4.0, "Inconnu": NAN, "Avoir": -2.0}), accent=["Travaux"]),
    """
size 374.4 173.5
bar accent 45.7 319.6 27.8 41.6
bar rest 45.7 137.0 68.6 82.5
bar rest 0.0 45.7 150.2 164.1
text ink 10.0 start 45.7 21.7 Travaux
text ink 10.0 start 322.9 37.3 12
text ink 10.0 start 45.7 62.5 Services
text ink 10.0 start 140.3 78.1 4
text ink 10.0 start 45.7 103.3 Inconnu
text ink 10.0 start 48.9 119.0 n. d.
text ink 10.0 start 45.7 144.2 Avoir
text ink 10.0 start 48.9 159.8 −2
    """,
)

# A long label is cut.
case(
    "bars-of-nothing",
    lambda: bars(pd.Series({"Rien": 0.0, "R" * 69: 0.0, "R" * 68: 0.0})),
    """
size 374.4 134.6
text ink 10.0 start 0.0 22.0 Rien
text ink 10.0 start 3.7 37.8 0
text ink 10.0 start 0.0 63.5 RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR…
text ink 10.0 start 3.7 79.2 0
text ink 10.0 start 0.0 104.9 RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR
text ink 10.0 start 3.7 120.7 0
    """,
)

# Five places of 72 points, two thirds of each for a column.
case(
    "columns",
    lambda: columns(pd.Series({2023: 3.0, 2024: NAN, 2025: -1.0}), unit="marchés", accent=[2023], form=percent),
    """
size 374.4 187.2
bar accent 19.4 67.0 33.5 132.6
bar rest 163.4 211.0 132.6 165.6
text soft 11.0 middle 43.2 177.5 2023
text soft 11.0 middle 115.2 177.5 2024
text soft 11.0 middle 187.2 177.5 2025
line line 0.8 0.0 132.6 374.4 132.6
text ink 10.0 middle 43.2 29.1 300 %
text ink 10.0 middle 187.2 128.2 −100 %
text soft 11.0 start 0.0 15.6 marchés
    """,
)

# Six places; zero at the foot, the largest at the head, its figure above.
case(
    "six-columns",
    lambda: columns(pd.Series({2020 + i: float(i) for i in range(6)})),
    """
size 374.4 187.2
bar accent 76.7 116.5 136.7 165.6
bar accent 137.1 176.9 107.7 165.6
bar accent 197.5 237.3 78.8 165.6
bar accent 257.9 297.7 49.9 165.6
bar accent 318.2 358.1 21.0 165.6
text soft 11.0 middle 36.2 177.5 2020
text soft 11.0 middle 96.6 177.5 2021
text soft 11.0 middle 157.0 177.5 2022
text soft 11.0 middle 217.4 177.5 2023
text soft 11.0 middle 277.8 177.5 2024
text soft 11.0 middle 338.2 177.5 2025
line line 0.8 0.0 165.6 374.4 165.6
text ink 10.0 middle 36.2 160.3 0
text ink 10.0 middle 96.6 131.4 1
text ink 10.0 middle 157.0 102.4 2
text ink 10.0 middle 217.4 73.5 3
text ink 10.0 middle 277.8 44.6 4
text ink 10.0 middle 338.2 15.7 5
    """,
)

case(
    "columns-of-nothing",
    lambda: columns(pd.Series({2024: 0.0})),
    """
size 374.4 187.2
text soft 11.0 middle 43.2 177.5 2024
line line 0.8 0.0 165.6 374.4 165.6
text ink 10.0 middle 43.2 160.3 0
    """,
)

# Twelve places of 31 points at least. The largest has its figure, begun at its left edge near the left of the chart.
case(
    "months",
    lambda: months(by_month([3, 5, NAN, -1], "2026-11"), unit="marchés", accent=["2026-12-01"]),
    """
size 374.4 172.8
bar accent 38.1 60.1 36.8 124.9
bar rest 7.4 29.5 72.1 124.9
bar rest 99.4 121.5 124.9 142.6
line line 0.8 0.0 124.9 374.4 124.9
text ink 10.0 start 38.1 31.8 5
text soft 10.0 middle 18.4 154.2 N
text soft 10.0 start 7.4 168.2 2026
text soft 10.0 middle 49.1 154.2 D
text soft 10.0 middle 79.8 154.2 J
text soft 10.0 start 68.7 168.2 2027
text soft 10.0 middle 110.5 154.2 F
text soft 11.0 start 0.0 16.4 marchés
    """,
)

# From the third place to the last but two the figure stands in the middle.
case(
    "months-largest-in-the-middle",
    lambda: months(by_month([1, 1, 2, 1, 1], "2026-01")),
    """
size 374.4 172.8
bar accent 7.4 29.5 81.5 142.6
bar accent 38.1 60.1 81.5 142.6
bar accent 68.7 90.8 20.5 142.6
bar accent 99.4 121.5 81.5 142.6
bar accent 130.1 152.2 81.5 142.6
line line 0.8 0.0 142.6 374.4 142.6
text ink 10.0 middle 79.8 14.4 2
text soft 10.0 middle 18.4 154.2 J
text soft 10.0 start 7.4 168.2 2026
text soft 10.0 middle 49.1 154.2 F
text soft 10.0 middle 79.8 154.2 M
text soft 10.0 middle 110.5 154.2 A
text soft 10.0 middle 141.2 154.2 M
    """,
)

# Beyond two years only each third initial; a first year of two months is not written.
case(
    "months-largest-at-the-right",
    lambda: months(by_month([1.0] * 23 + [2.0, 0.0], "2026-11")),
    """
size 374.4 172.8
bar accent 3.6 14.3 81.5 142.6
bar accent 18.4 29.1 81.5 142.6
bar accent 33.3 44.0 81.5 142.6
bar accent 48.1 58.8 81.5 142.6
bar accent 63.0 73.7 81.5 142.6
bar accent 77.9 88.5 81.5 142.6
bar accent 92.7 103.4 81.5 142.6
bar accent 107.6 118.3 81.5 142.6
bar accent 122.4 133.1 81.5 142.6
bar accent 137.3 148.0 81.5 142.6
bar accent 152.1 162.8 81.5 142.6
bar accent 167.0 177.7 81.5 142.6
bar accent 181.9 192.5 81.5 142.6
bar accent 196.7 207.4 81.5 142.6
bar accent 211.6 222.3 81.5 142.6
bar accent 226.4 237.1 81.5 142.6
bar accent 241.3 252.0 81.5 142.6
bar accent 256.1 266.8 81.5 142.6
bar accent 271.0 281.7 81.5 142.6
bar accent 285.9 296.5 81.5 142.6
bar accent 300.7 311.4 81.5 142.6
bar accent 315.6 326.3 81.5 142.6
bar accent 330.4 341.1 81.5 142.6
bar accent 345.3 356.0 20.5 142.6
line line 0.8 0.0 142.6 374.4 142.6
text ink 10.0 end 356.0 14.4 2
text soft 10.0 middle 38.6 154.2 J
text soft 10.0 start 33.3 168.2 2027
text soft 10.0 middle 83.2 154.2 A
text soft 10.0 middle 127.8 154.2 J
text soft 10.0 middle 172.3 154.2 O
text soft 10.0 middle 216.9 154.2 J
text soft 10.0 start 211.6 168.2 2028
text soft 10.0 middle 261.5 154.2 A
text soft 10.0 middle 306.1 154.2 J
text soft 10.0 middle 350.6 154.2 O
    """,
)

case(
    "months-of-two-years",
    lambda: months(by_month([NAN] * 22 + [0.0, 0.0], "2026-10")),
    """
size 374.4 172.8
line line 0.8 0.0 142.6 374.4 142.6
text ink 10.0 start 3.7 136.5 0
text soft 10.0 middle 9.3 154.2 O
text soft 10.0 start 3.7 168.2 2026
text soft 10.0 middle 24.8 154.2 N
text soft 10.0 middle 40.2 154.2 D
text soft 10.0 middle 55.7 154.2 J
text soft 10.0 start 50.1 168.2 2027
text soft 10.0 middle 71.2 154.2 F
text soft 10.0 middle 86.6 154.2 M
text soft 10.0 middle 102.1 154.2 A
text soft 10.0 middle 117.6 154.2 M
text soft 10.0 middle 133.1 154.2 J
text soft 10.0 middle 148.5 154.2 J
text soft 10.0 middle 164.0 154.2 A
text soft 10.0 middle 179.5 154.2 S
text soft 10.0 middle 194.9 154.2 O
text soft 10.0 middle 210.4 154.2 N
text soft 10.0 middle 225.9 154.2 D
text soft 10.0 middle 241.3 154.2 J
text soft 10.0 start 235.8 168.2 2028
text soft 10.0 middle 256.8 154.2 F
text soft 10.0 middle 272.3 154.2 M
text soft 10.0 middle 287.8 154.2 A
text soft 10.0 middle 303.2 154.2 M
text soft 10.0 middle 318.7 154.2 J
text soft 10.0 middle 334.2 154.2 J
text soft 10.0 middle 349.6 154.2 A
text soft 10.0 middle 365.1 154.2 S
    """,
)

# The mark is drawn across the bar; value and target are written after the further of them.
case(
    "targets",
    lambda: targets(RATES, pd.Series({"Reçu": 0.3, "Manqué": 0.4, "Libre": NAN, "Inconnu": 0.5, "Perdu": 0.1})),
    """
size 374.4 212.4
bar rest 38.4 115.2 27.5 41.3
bar accent 38.4 153.6 68.0 81.7
bar accent 38.4 76.8 108.4 122.2
bar rest 0.0 38.4 189.3 203.1
line ink 2.2 192.0 24.3 192.0 44.5
line ink 2.2 153.6 64.7 153.6 85.0
line ink 2.2 230.4 145.6 230.4 165.9
line ink 2.2 76.8 186.1 76.8 206.3
text ink 10.0 start 38.4 21.5 Manqué
text ink 10.0 start 195.8 37.0 20 %
text soft 10.0 start 226.1 37.0 objectif 40 %
text ink 10.0 start 38.4 61.9 Reçu
text ink 10.0 start 157.4 77.4 30 %
text soft 10.0 start 187.7 77.4 objectif 30 %
text ink 10.0 start 38.4 102.4 Libre
text ink 10.0 start 80.6 117.9 10 %
text ink 10.0 start 38.4 142.8 Inconnu
text ink 10.0 start 234.2 158.4 n. d.
text soft 10.0 start 262.5 158.4 objectif 50 %
text ink 10.0 start 38.4 183.3 Perdu
text ink 10.0 start 80.6 198.8 −10 %
text soft 10.0 start 119.2 198.8 objectif 10 %
    """,
)

case(
    "targets-unknown",
    lambda: targets(pd.Series({"Inconnu": NAN}), pd.Series({"Inconnu": NAN}), word="but"),
    """
size 374.4 56.9
text ink 10.0 start 0.0 24.4 Inconnu
text ink 10.0 start 4.3 41.3 n. d.
    """,
)

# A dot in a pale line a row; the reference beside each dot.
case(
    "intervals",
    lambda: intervals(
        pd.Series({"b": 0.2, "a": 0.5, "?": NAN, "L" * 69: 0.1}),
        pd.Series({"a": 0.4, "b": 0.1, "?": NAN, "L" * 69: 0.1}),
        pd.Series({"b": 0.4, "a": 0.9, "?": NAN, "L" * 69: 0.1}),
        accent=["a"],
        reference=0.3,
        word="total",
    ),
    """
size 374.4 191.5
line rest 3.2 ×0.5 32.1 52.7 113.7 52.7
line accent 3.2 ×0.5 113.7 93.5 249.6 93.5
line rest 3.2 ×0.5 32.1 175.2 32.1 175.2
line soft 1.2 86.5 44.5 86.5 63.3
line soft 1.2 86.5 85.4 86.5 104.1
line soft 1.2 86.5 126.2 86.5 145.0
line soft 1.2 86.5 167.0 86.5 185.8
text ink 10.0 start 4.9 39.7 b
dot rest 59.3 52.7 8.0
text ink 10.0 start 121.0 55.3 20 %
text soft 10.0 start 151.2 55.5 10 % à 40 %
text ink 10.0 start 4.9 80.5 a
dot accent 140.8 93.5 8.0
text ink 10.0 start 256.9 96.1 50 %
text soft 10.0 start 287.2 96.3 40 % à 90 %
text ink 10.0 start 4.9 121.3 ?
text ink 10.0 start 12.2 137.0 n. d.
text ink 10.0 start 4.9 162.2 LLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLL…
dot rest 32.1 175.2 8.0
text ink 10.0 start 39.4 177.8 10 %
text soft 10.0 start 69.6 178.0 10 % à 10 %
text soft 10.0 middle 86.5 13.6 total : 30 %
    """,
)

# The reference is the furthest; without a name it is that of all.
case(
    "intervals-below-zero",
    lambda: intervals(pd.Series({"a": -0.2}), pd.Series({"a": -0.4}), pd.Series({"a": 0.1}), reference=0.5),
    """
size 374.4 74.9
line accent 3.2 ×0.5 2.7 56.7 139.9 56.7
line soft 1.2 249.6 47.6 249.6 68.5
text ink 10.0 start 2.7 42.4 a
dot accent 57.6 56.7 8.0
text ink 10.0 start 144.0 59.3 −20 %
text soft 10.0 start 182.6 59.5 −40 % à 10 %
text soft 10.0 middle 249.6 13.6 ensemble : 50 %
    """,
)

case(
    "intervals-without-reference",
    lambda: intervals(pd.Series({"a": 0.2}), pd.Series({"a": 0.1}), pd.Series({"a": 0.4})),
    """
size 374.4 56.9
line accent 3.2 ×0.5 66.1 38.7 249.6 38.7
text ink 10.0 start 4.9 24.4 a
dot accent 127.2 38.7 8.0
text ink 10.0 start 256.9 41.3 20 %
text soft 10.0 start 287.2 41.5 10 % à 40 %
    """,
)

# Each bin leaves an eighth of its place free; what is under the threshold has the accent. An empty bin is not drawn.
case(
    "histogram",
    lambda: histogram([0, 10, 20, 30, 40], [3, 0, 5, 2], 20, form=euros, unit="marchés"),
    """
size 374.4 180.0
bar accent 5.6 88.0 91.1 159.8
bar rest 192.8 275.2 45.3 159.8
bar rest 286.4 368.8 114.0 159.8
line line 1.6 0.0 159.8 374.4 159.8
line ink 1.6 6.4,4.8 187.2 159.8 187.2 39.6
text ink 10.0 middle 187.2 34.2 seuil : 20 €
text soft 10.0 start 0.0 172.4 0 €
text soft 10.0 end 374.4 172.4 40 €
text soft 11.0 start 0.0 17.6 marchés
    """,
)

# Within a quarter of an end the threshold's name turns inward.
case(
    "histogram-cut-at-the-left",
    lambda: histogram([0, 9, 40], [3, 1], 9, name="limite"),
    """
size 374.4 180.0
bar accent 5.1 79.2 28.2 159.8
bar rest 101.6 357.0 116.0 159.8
line line 1.6 0.0 159.8 374.4 159.8
line ink 1.6 6.4,4.8 84.2 159.8 84.2 21.6
text ink 10.0 start 84.2 16.2 limite : 9
text soft 10.0 start 0.0 172.4 0
text soft 10.0 end 374.4 172.4 40
    """,
)

case(
    "histogram-cut-at-the-right",
    lambda: histogram([0, 31, 40], [0, 0], 31),
    """
size 374.4 180.0
line line 1.6 0.0 159.8 374.4 159.8
line ink 1.6 6.4,4.8 290.2 159.8 290.2 21.6
text ink 10.0 end 290.2 16.2 seuil : 31
text soft 10.0 start 0.0 172.4 0
text soft 10.0 end 374.4 172.4 40
    """,
)

case(
    "histogram-cut-at-a-quarter",
    lambda: histogram([0, 10, 40], [3, 1], 10),
    """
size 374.4 180.0
bar accent 5.6 88.0 28.2 159.8
bar rest 110.4 357.6 116.0 159.8
line line 1.6 0.0 159.8 374.4 159.8
line ink 1.6 6.4,4.8 93.6 159.8 93.6 21.6
text ink 10.0 middle 93.6 16.2 seuil : 10
text soft 10.0 start 0.0 172.4 0
text soft 10.0 end 374.4 172.4 40
    """,
)

case(
    "histogram-cut-at-three-quarters",
    lambda: histogram([0, 30, 40], [3, 1], 30),
    """
size 374.4 180.0
bar accent 16.8 264.0 28.2 159.8
bar rest 286.4 368.8 116.0 159.8
line line 1.6 0.0 159.8 374.4 159.8
line ink 1.6 6.4,4.8 280.8 159.8 280.8 21.6
text ink 10.0 middle 280.8 16.2 seuil : 30
text soft 10.0 start 0.0 172.4 0
text soft 10.0 end 374.4 172.4 40
    """,
)

# Equal values are piled up; the band is the middle half of the others, its mark their median: 20.
case(
    "among",
    lambda: among(
        pd.Series({"A": 10.0, "B": 30.0, "C": NAN, "D": 20.0, "E": 60.0, "F": 20.0}), "B", name="B", unit="kWh"
    ),
    """
size 374.4 121.7
dot rest ×0.75 13.9 73.3 5.5
dot rest ×0.75 83.2 73.3 5.5
dot rest ×0.75 83.2 67.1 5.5
dot rest ×0.75 360.5 73.3 5.5
line accent 1.4 152.5 73.3 152.5 44.6
line line 1.2 0.0 77.0 374.4 77.0
line soft 5.0 65.9 77.0 152.5 77.0
line ink 2.2 83.2 77.0 83.2 73.3
dot accent 152.5 73.3 11.0
text ink 10.0 bold middle 152.5 38.2 B : 30
text ink 10.0 start 83.2 93.0 médiane : 20
text soft 10.0 start 0.0 108.6 10
text soft 10.0 end 374.4 108.6 60
text soft 11.0 start 0.0 20.6 kWh
    """,
)

case(
    "among-at-the-left",
    lambda: among(pd.Series({"A": 10.0, "B": 30.0, "D": 40.0, "E": 60.0}), "A", euros),
    """
size 374.4 103.0
dot rest ×0.75 152.5 54.6 5.5
dot rest ×0.75 221.9 54.6 5.5
dot rest ×0.75 360.5 54.6 5.5
line accent 1.4 13.9 54.6 13.9 25.9
line line 1.2 0.0 58.3 374.4 58.3
line soft 5.0 187.2 58.3 291.2 58.3
line ink 2.2 221.9 58.3 221.9 54.6
dot accent 13.9 54.6 11.0
text ink 10.0 bold start 13.9 19.5 ici : 10 €
text ink 10.0 middle 221.9 74.3 médiane : 40 €
text soft 10.0 start 0.0 89.9 10 €
text soft 10.0 end 374.4 89.9 60 €
    """,
)

# The median of 10, 30 and 40 is 30.
case(
    "among-at-the-right",
    lambda: among(pd.Series({"A": 10.0, "B": 30.0, "D": 40.0, "E": 60.0}), "E"),
    """
size 374.4 103.0
dot rest ×0.75 13.9 54.6 5.5
dot rest ×0.75 152.5 54.6 5.5
dot rest ×0.75 221.9 54.6 5.5
line accent 1.4 360.5 54.6 360.5 25.9
line line 1.2 0.0 58.3 374.4 58.3
line soft 5.0 83.2 58.3 187.2 58.3
line ink 2.2 152.5 58.3 152.5 54.6
dot accent 360.5 54.6 11.0
text ink 10.0 bold end 360.5 19.5 ici : 60
text ink 10.0 middle 152.5 74.3 médiane : 30
text soft 10.0 start 0.0 89.9 10
text soft 10.0 end 374.4 89.9 60
    """,
)

case(
    "among-none-named",
    lambda: among(pd.Series({"A": 10.0, "B": 50.0, "E": 60.0})),
    """
size 374.4 103.0
dot rest ×0.75 13.9 54.6 5.5
dot rest ×0.75 291.2 54.6 5.5
dot rest ×0.75 360.5 54.6 5.5
line line 1.2 0.0 58.3 374.4 58.3
line soft 5.0 152.5 58.3 325.9 58.3
line ink 2.2 291.2 58.3 291.2 54.6
text ink 10.0 end 291.2 74.3 médiane : 50
text soft 10.0 start 0.0 89.9 10
text soft 10.0 end 374.4 89.9 60
    """,
)

case(
    "among-alone",
    lambda: among(pd.Series({"A": 5.0}), "A"),
    """
size 374.4 103.0
line accent 1.4 187.2 54.6 187.2 25.9
line line 1.2 0.0 58.3 374.4 58.3
line soft 5.0 187.2 58.3 187.2 58.3
line ink 2.2 187.2 58.3 187.2 54.6
dot accent 187.2 54.6 11.0
text ink 10.0 bold middle 187.2 19.5 ici : 5
text ink 10.0 middle 187.2 74.3 médiane : 5
text soft 10.0 start -0.0 89.9 5
text soft 10.0 end 374.4 89.9 5
    """,
)

# The sentence is about the first of two with one label.
case(
    "among-of-one-name",
    lambda: among(pd.Series([1.0, 2.0, 3.0, 3.0], index=["A", "B", "B", "C"]), "B"),
    """
size 374.4 103.0
dot rest ×0.75 13.9 54.6 5.5
dot rest ×0.75 360.5 48.4 5.5
line accent 1.4 187.2 54.6 187.2 25.9
line line 1.2 0.0 58.3 374.4 58.3
line soft 5.0 100.5 58.3 273.9 58.3
line ink 2.2 187.2 58.3 187.2 54.6
dot accent 187.2 54.6 11.0
text ink 10.0 bold middle 187.2 19.5 ici : 2
text ink 10.0 middle 187.2 74.3 médiane : 2
text soft 10.0 start 0.0 89.9 1
text soft 10.0 end 374.4 89.9 3
    """,
)

# Beyond seven rows the chart grows.
case(
    "among-many",
    lambda: among(pd.Series([1.0] * 9 + [2.0, 2.05])),
    """
size 374.4 130.0
dot rest ×0.75 13.9 81.5 5.5
dot rest ×0.75 13.9 75.1 5.5
dot rest ×0.75 13.9 68.7 5.5
dot rest ×0.75 13.9 62.3 5.5
dot rest ×0.75 13.9 55.9 5.5
dot rest ×0.75 13.9 49.6 5.5
dot rest ×0.75 13.9 43.2 5.5
dot rest ×0.75 13.9 36.8 5.5
dot rest ×0.75 13.9 30.4 5.5
dot rest ×0.75 344.0 81.5 5.5
dot rest ×0.75 360.5 81.5 5.5
line line 1.2 0.0 85.3 374.4 85.3
line soft 5.0 13.9 85.3 13.9 85.3
line ink 2.2 13.9 85.3 13.9 81.5
text ink 10.0 start 13.9 101.3 médiane : 1
text soft 10.0 start 0.0 116.9 1
text soft 10.0 end 374.4 116.9 2
    """,
)

# Zero is drawn; the place named stands on the left half, its name to the right of it.
case(
    "scatter",
    lambda: scatter(
        pd.DataFrame({"t": [-5.0, 5.0, NAN, 15.0], "y": [50.0, -10.0, 3.0, 20.0]}),
        pd.DataFrame({"t": [-5, 2, 15], "y": [60, 20, 20]}),
        euros,
        "Température (°C)",
        "kWh",
        (2.0, "ici"),
    ),
    """
size 374.4 230.4
dot rest ×0.75 10.6 66.2 4.2
dot rest ×0.75 187.2 191.9 4.2
dot rest ×0.75 363.8 129.1 4.2
line line 0.8 0.0 170.9 374.4 170.9
line accent 2.6 10.6 45.3 134.2 129.1 363.8 129.1
line soft 1.2 4.8,3.6 134.2 194.4 134.2 25.2
text ink 10.0 start 134.2 39.7 ici
text soft 10.0 start 10.6 207.0 −5
text soft 10.0 end 363.8 207.0 15
text soft 10.0 middle 187.2 207.4 Température (°C)
text soft 10.0 start 2.0 38.9 60 €
text soft 11.0 start 0.0 19.2 kWh
    """,
)

case(
    "scatter-named-at-the-right",
    lambda: scatter(
        pd.DataFrame({"t": [0.0, 10.0], "y": [5.0, 1.0]}),
        pd.DataFrame({"t": [0, 10], "y": [4, 2]}),
        mark=(6.0, "là " * 20),
    ),
    """
size 374.4 230.4
dot rest ×0.75 10.6 33.8 4.2
dot rest ×0.75 363.8 159.8 4.2
line line 0.8 0.0 191.3 374.4 191.3
line accent 2.6 10.6 65.3 363.8 128.3
line soft 1.2 4.8,3.6 222.5 194.4 222.5 8.6
text ink 10.0 end 222.5 24.8 là là là là là là là là là là…
text soft 10.0 start 10.6 207.0 0
text soft 10.0 end 363.8 207.0 10
text soft 10.0 start 2.0 27.4 5
    """,
)

case(
    "scatter-of-one-point",
    lambda: scatter(pd.DataFrame({"t": [3.0], "y": [0.0]}), pd.DataFrame({"t": [], "y": []})),
    """
size 374.4 230.4
dot rest ×0.75 187.2 191.3 4.2
line line 0.8 0.0 191.3 374.4 191.3
text soft 10.0 start 187.2 207.0 3
text soft 10.0 end 187.2 207.0 3
text soft 10.0 start 2.0 27.4 1
    """,
)

case(
    "scatter-named-in-the-middle",
    lambda: scatter(
        pd.DataFrame({"t": [0.0, 10.0], "y": [5.0, 1.0]}), pd.DataFrame({"t": [0, 10], "y": [4, 2]}), mark=(5.0, "là")
    ),
    """
size 374.4 230.4
dot rest ×0.75 10.6 33.8 4.2
dot rest ×0.75 363.8 159.8 4.2
line line 0.8 0.0 191.3 374.4 191.3
line accent 2.6 10.6 65.3 363.8 128.3
line soft 1.2 4.8,3.6 187.2 194.4 187.2 8.6
text ink 10.0 start 187.2 24.8 là
text soft 10.0 start 10.6 207.0 0
text soft 10.0 end 363.8 207.0 10
text soft 10.0 start 2.0 27.4 5
    """,
)

# Years on the left 60 %, names on the right; a value alone between gaps is a dot; the nearer names stand apart.
case(
    "lines",
    lambda: lines(
        pd.DataFrame(
            {"Une": [0.1, NAN, 0.3], "Deux": [0.2, 0.29, NAN], "Trois": [0.0, 0.1, 0.01], "Quatre": [0.05, 0.0, 0.0]},
            index=[2020, 2021, 2023],
        ),
        form=percent,
        unit="part",
    ),
    """
size 374.4 216.0
text soft 11.0 middle 13.4 206.3 2020
text soft 11.0 middle 87.7 206.3 2021
text soft 11.0 middle 236.2 206.3 2023
line line 0.8 0.0 194.4 374.4 194.4
line accent 2.4 13.4 142.2
line accent 2.4 236.2 37.7
line ink 1.5 7.5,3 13.4 90.0 87.7 43.0
line rest 1.8 13.4 194.4 87.7 142.2 236.2 189.2
line soft 1.5 1.8,2.4 13.4 168.3 87.7 194.4 236.2 194.4
dot accent 13.4 142.2 6.0
dot accent 236.2 37.7 6.0
dot ink 87.7 43.0 6.0
dot rest 236.2 189.2 6.0
dot soft 236.2 194.4 6.0
text ink 10.0 start 249.6 35.3 Une
text accent 10.0 bold start 249.6 45.3 30 %
text ink 10.0 start 249.6 66.7 Deux
text ink 10.0 bold start 249.6 76.7 29 %
text ink 10.0 start 249.6 146.6 Trois
text soft 10.0 bold start 249.6 156.6 1 %
text ink 10.0 start 249.6 177.9 Quatre
text soft 10.0 bold start 249.6 187.9 0 %
text soft 11.0 start 0.0 19.2 part
    """,
)

case(
    "line-below-zero",
    lambda: lines(pd.DataFrame({"Une": [2.0, -4.0]}, index=[2020, 2021])),
    """
size 374.4 216.0
text soft 11.0 middle 13.4 206.3 2020
text soft 11.0 middle 236.2 206.3 2021
line line 0.8 0.0 81.1 374.4 81.1
line accent 2.4 13.4 24.4 236.2 194.4
dot accent 236.2 194.4 6.0
text ink 10.0 start 249.6 176.7 Une
text accent 10.0 bold start 249.6 186.7 −4
    """,
)

case(
    "line-of-one-year",
    lambda: lines(pd.DataFrame({"Une qui a un nom trop long": [0.0]}, index=[2020])),
    """
size 374.4 216.0
text soft 11.0 middle 13.4 206.3 2020
line line 0.8 0.0 194.4 374.4 194.4
line accent 2.4 13.4 194.4
dot accent 13.4 194.4 6.0
text ink 10.0 start 249.6 176.7 Une qui a un nom tr…
text accent 10.0 bold start 249.6 186.7 0
    """,
)

# Months are written, the first from the left edge; one too near the last is left out. Lone values are dots.
case(
    "lines-by-month",
    lambda: lines(
        pd.DataFrame({"Ici": [0.0, *[NAN] * 10, 11.0]}, index=pd.period_range("2024-09", periods=12, freq="M"))
    ),
    """
size 374.4 216.0
text soft 11.0 start 13.4 206.3 09/24
text soft 11.0 middle 74.2 206.3 12/24
text soft 11.0 middle 134.9 206.3 03/25
text soft 11.0 middle 236.2 206.3 08/25
line line 0.8 0.0 194.4 374.4 194.4
line accent 2.4 13.4 194.4
line accent 2.4 236.2 24.4
dot accent 13.4 194.4 6.0
dot accent 236.2 24.4 6.0
text ink 10.0 start 249.6 22.0 Ici
text accent 10.0 bold start 249.6 32.0 11
    """,
)

# Each other year.
case(
    "line-of-seven-years",
    lambda: lines(pd.DataFrame({"Ici": [float(i) for i in range(7)]}, index=range(2000, 2007))),
    """
size 374.4 216.0
text soft 11.0 middle 13.4 206.3 2000
text soft 11.0 middle 87.7 206.3 2002
text soft 11.0 middle 161.9 206.3 2004
text soft 11.0 middle 236.2 206.3 2006
line line 0.8 0.0 194.4 374.4 194.4
line accent 2.4 13.4 194.4 50.5 166.1 87.7 137.7 124.8 109.4 161.9 81.1 199.1 52.7 236.2 24.4
dot accent 236.2 24.4 6.0
text ink 10.0 start 249.6 22.0 Ici
text accent 10.0 bold start 249.6 32.0 6
    """,
)

# The other is the median of the others.
case(
    "among-two",
    lambda: among(pd.Series({"A": 10.0, "B": 30.0}), "A"),
    """
size 374.4 103.0
dot rest ×0.75 360.5 54.6 5.5
line accent 1.4 13.9 54.6 13.9 25.9
line line 1.2 0.0 58.3 374.4 58.3
line soft 5.0 360.5 58.3 360.5 58.3
line ink 2.2 360.5 58.3 360.5 54.6
dot accent 13.9 54.6 11.0
text ink 10.0 bold start 13.9 19.5 ici : 10
text ink 10.0 end 360.5 74.3 médiane : 30
text soft 10.0 start 0.0 89.9 10
text soft 10.0 end 374.4 89.9 30
    """,
)

# Sixty steps of 5.8 points: a dot of 5.5 with a little air is wider.
case(
    "among-close",
    lambda: among(pd.Series([0.0, 1.0, 2.0, 60.0])),
    """
size 374.4 103.0
dot rest ×0.75 13.9 54.6 5.5
dot rest ×0.75 19.6 48.4 5.5
dot rest ×0.75 25.4 54.6 5.5
dot rest ×0.75 360.5 54.6 5.5
line line 1.2 0.0 58.3 374.4 58.3
line soft 5.0 18.2 58.3 109.2 58.3
line ink 2.2 22.5 58.3 22.5 54.6
text ink 10.0 start 22.5 74.3 médiane : 2
text soft 10.0 start -0.0 89.9 0
text soft 10.0 end 374.4 89.9 60
    """,
)


@pytest.mark.parametrize("name", CASES)
def test_marks_stand_at_their_place(name, draws):
    make, expected = CASES[name]
    draws(make(), expected)
