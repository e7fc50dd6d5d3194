"""DECP in XML: both forms, DGFiP's flat ones, and what is refused."""

import pytest

from tikub_lab.errors import UsageError
from tikub_lab.procurement.formats import READERS
from tikub_lab.procurement.published import documents
from tikub_lab.tables.readers import Head

MARCHE = """<marche><id>A1</id><acheteur><id>23350001600040</id><nom>Région Bretagne</nom></acheteur>
<nature>Marché</nature><objet>Chaufferie d'un lycée</objet><codeCPV>50720000</codeCPV>
<procedure>Procédure adaptée</procedure><dureeMois>24</dureeMois><dateNotification>2024-05-15</dateNotification>
<datePublicationDonnees>2024-06-02</datePublicationDonnees><montant>127000</montant><marcheInnovant>oui</marcheInnovant>
{more}<titulaires><titulaire><typeIdentifiant>SIRET</typeIdentifiant><id>90000001900019</id></titulaire>
<titulaire><typeIdentifiant>SIRET</typeIdentifiant><id>90000002700012</id></titulaire></titulaires>
<modifications>{changes}</modifications></marche>"""
PRICES = "<typesPrix><typePrix>Définitif ferme</typePrix></typesPrix>"
CONCESSION = """<contrat-concession><id>C1</id><autoriteConcedante><id>23350001600040</id></autoriteConcedante>
<nature>Concession de service</nature><objet>Port</objet><procedure>Procédure négociée ouverte</procedure>
<dureeMois>60</dureeMois><dateDebutExecution>2024-02-01</dateDebutExecution><valeurGlobale>800000</valeurGlobale>
<concessionnaires><concessionnaire><typeIdentifiant>SIRET</typeIdentifiant><id>90000001900019</id></concessionnaire>
</concessionnaires><modifications><id>1</id><dureeMois>64</dureeMois></modifications></contrat-concession>"""


def marche(more="", changes=""):
    return MARCHE.format(more=more, changes=changes)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.bin"


def read(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return list(documents.read_xml(path))


def reader_of(path):
    return next((reader.name for reader in READERS if reader.recognises(Head.of(path))), None)


def test_2022(path):
    (batch,) = read(path, f"<?xml version='1.0' encoding='UTF-8'?><marches>{marche(PRICES)}{CONCESSION}</marches>")
    assert reader_of(path) == "decp-2022-xml"
    assert batch.rows_read == 2
    contract = batch.tables["procurement/contracts"].iloc[0]
    assert (contract["typesPrix"], contract["marcheInnovant"]) == ("Définitif ferme", "true")
    assert contract["acheteur_nom"] == "Région Bretagne"
    assert batch.tables["procurement/suppliers"]["titulaire_id"].tolist() == ["90000001900019", "90000002700012"]
    assert batch.tables["procurement/concessions"].iloc[0]["modifications"] == "1"


def test_2019_with_a_contract_as_root_and_modifications_without_wrapper(path):
    (batch,) = read(path, marche(changes="<id>1</id><montant>130000</montant>"))
    assert reader_of(path) == "decp-2019-xml"
    amendments = batch.tables["procurement/amendments"]
    assert amendments[["modification_id", "montant"]].to_numpy().tolist() == [["1", "130000"]]


def test_namespaces_are_passed_over(path):
    (batch,) = read(path, f'<marches xmlns="urn:decp">{marche()}</marches>')
    assert batch.tables["procurement/contracts"]["id"].tolist() == ["A1"]


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [("UTF-8", "utf-8"), ("UTF-8", "utf-8-sig"), ("ISO-8859-1", "latin-1"), ("UTF-8", "cp1252")],
)
def test_encodings(path, declared, encoding):
    (batch,) = read(path, f'<?xml version="1.0" encoding="{declared}"?><marches>{marche()}</marches>', encoding)
    assert batch.tables["procurement/contracts"]["objet"].tolist() == ["Chaufferie d'un lycée"]


def test_a_truncated_file_is_an_error_with_its_place(path):
    whole = f"<marches>{marche()}\n{marche()}</marches>"
    path.write_text(whole[:-300])
    with pytest.raises(UsageError, match=r"not complete XML: .*line \d+, column \d+ after 1 contracts"):
        list(documents.read_xml(path))


@pytest.mark.parametrize(("subject", "hint"), [("Eau & gaz", "&amp;"), ("Eau&nbsp;froide", "the character itself")])
def test_what_is_complete_is_not_called_incomplete(path, subject, hint):
    """To download it again would give the same."""
    path.write_text(f"<marches>{marche()}<marche><objet>{subject}</objet></marche></marches>")
    with pytest.raises(UsageError, match=r"complete, but no XML: .*line \d+, column \d+ after 1 contracts") as error:
        list(documents.read_xml(path))
    assert hint in str(error.value)
    assert "Download" not in str(error.value)


@pytest.mark.parametrize(
    "doctype",
    ['<!DOCTYPE m [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>', '<!DOCTYPE m SYSTEM "file:///etc/passwd">'],
)
def test_document_types_are_refused(path, doctype):
    path.write_text(f"{doctype}<marches>{marche()}</marches>")
    assert reader_of(path) == "decp-2019-xml"
    with pytest.raises(UsageError, match="DTD"):
        list(documents.read_xml(path))


def test_other_xml_is_not_recognised(path):
    path.write_text("<?xml version='1.0'?><rss><marches/></rss>")
    assert reader_of(path) is None
