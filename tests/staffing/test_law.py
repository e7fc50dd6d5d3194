"""The dated rules of staffing: confirmed only where a source gives value, reference and first day."""

from tikub_lab.methods.law import CONFIRMED
from tikub_lab.staffing.alerts import LAW

READ = {
    ("congé de maladie / part du traitement", "2025-03-01"): ("90", "loi n° 2025-127, art. 189", "cdg61.fr ; cdg62.fr")
}
"""What was read whole, in the sources named; a row is confirmed once it is added here, as it was read."""


def test_no_rule_is_confirmed_that_was_not_read_whole():
    found = {(" / ".join(row.key), str(row.debut)): row for row in LAW.values() if row.statut == CONFIRMED}
    assert found.keys() == READ.keys()
    for key, row in found.items():
        value, reference, source = READ[key]
        assert (row.valeur, row.source) == (value, source)
        assert reference in row.reference
    assert not [row for row in LAW.values() if "sgenplus" in row.source]  # it tells of State staff
