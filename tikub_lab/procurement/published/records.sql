-- Each record as it was published, kept or not, with its fingerprint, what it owes and lacks; then what became of it.
-- A record of the tabular form is a row; a contract is published in a whole record.
CREATE TEMP MACRO known_number(x) AS CASE WHEN isfinite(try_cast(x AS DOUBLE)) THEN try_cast(x AS DOUBLE) END;
CREATE TEMP MACRO counted(x) AS CASE WHEN x = '' THEN 0 ELSE len(string_split(x, '|')) END;
CREATE TEMP VIEW _judgements AS
SELECT (source_index::BIGINT << {bits}) + _line AS _key, id, regles, reparations FROM ({lines});
CREATE TEMP VIEW _as_published AS
SELECT _key, 'marché' AS type, acheteur_id, acheteur_nom, id, left(objet, 100) AS objet, known_number(montant) AS montant,
    try_cast(dateNotification AS DATE) AS dateNotification,
    try_cast(datePublicationDonnees AS DATE) AS datePublicationDonnees,
    try_cast(known_number(dureeMois) AS BIGINT) AS dureeMois, codeCPV, procedure,
    coalesce(_list, _parties) AS titulaires, counted(_changes) AS modifications,
    left(md5(concat_ws(chr(31), {contract_said}, coalesce(_list, _parties, ''), coalesce(_changes, ''))), 16)
        AS empreinte, {contract_owed}
FROM (SELECT * FROM _records UNION ALL BY NAME SELECT * FROM _lost_contracts)
UNION ALL
SELECT _key, 'concession', autoriteConcedante_id, autoriteConcedante_nom, id, left(objet, 100),
    known_number(valeurGlobale), try_cast(coalesce(dateSignature, dateDebutExecution) AS DATE),
    try_cast(datePublicationDonnees AS DATE), try_cast(known_number(dureeMois) AS BIGINT), NULL::VARCHAR, procedure,
    coalesce(_list, _parties), try_cast(known_number(modifications) AS BIGINT),
    left(md5(concat_ws(chr(31), {concession_said}, coalesce(_list, _parties, ''), coalesce(_changes, ''))), 16),
    {concession_owed}
FROM (SELECT * FROM _concessions UNION ALL BY NAME SELECT * FROM _lost_concessions)
UNION ALL
SELECT _key, 'ligne', acheteur_id, acheteur_nom, id, left(objet, 100), known_number(montant),
    try_cast(dateNotification AS DATE), try_cast(datePublicationDonnees AS DATE),
    try_cast(known_number(dureeMois) AS BIGINT), codeCPV, procedure, titulaire_id,
    try_cast(known_number(modification_id) AS BIGINT), left(md5(concat_ws(chr(31), {row_said})), 16), {row_owed}
FROM (SELECT * FROM _rows UNION ALL BY NAME SELECT * FROM _lost_rows);
CREATE TEMP TABLE _verdicts AS
WITH every AS (
    SELECT _key, 'retenu' AS etat FROM _records UNION ALL SELECT _key, 'retenu' FROM _concessions
    UNION ALL SELECT _key, 'retenu' FROM _rows
    UNION ALL SELECT _key, 'rejeté' FROM _judgements WHERE regles IS NOT NULL
)
SELECT _key, CASE WHEN d._key IS NULL THEN etat ELSE 'doublon' END AS etat,
    row_number() OVER (ORDER BY _key) - 1 AS _position
FROM every LEFT JOIN (SELECT DISTINCT _key FROM _left_out) d USING (_key);
