-- Rows of the tabular form, put together as contracts.
--
-- The tabular form has one row a contract, titulaire *and* state: a contract of three firms changed twice has nine rows,
-- each with the whole amount. To count an amount once:
--
-- - Rows of the same buyer, identifier, titulaire, amount and date are one row, published twice.
-- - Rows that share identifier, CPV code, procedure, number of offers, duration, date and amount are one *state*; their
--   titulaires are the group of firms.
-- - Where the file numbers its modifications (``modification_id``), the states of one identifier are one contract, in that
--   order.
-- - Where it does not, states with the same identifier, CPV code, procedure, offers and titulaires are one contract in
--   order of date, the earliest being the contract and the next its amendments, **unless their amounts are further apart
--   than 50 %**: a change of a contract is lawful up to that (code de la commande publique, art. R2194-3), so they are
--   lots of one consultation awarded to the same firms. Two amounts for the same titulaires on one day are two lots too.
-- - A row with ``objetModification`` whose identifier ends in a number of order (format of 2019: …01, …02) is a state of
--   the contract whose identifier ends in 00, where that one is known.
--
-- Measured on the works contracts of the second half of 2024 (8,957 rows): without the rule of 50 %, 159 of 952 groups put
-- lots together whose amounts differ, 82 M€ standing for up to 243 M€; such as 1,261,105 €, 133,280 €, 1,278,762 € within
-- six weeks, which is one lot and its amendment, and another lot.
--
-- Out of the view _rows come the views _row_contracts, _row_suppliers and _row_amendments (_key is that of the contract's
-- first row), and the tables _row_owners (row, contract) and _row_duplicates.

CREATE TEMP TABLE _row_keys AS
WITH keyed AS (
    SELECT r._key, r.acheteur_id, coalesce(o.id, r.id) AS id, titulaire_id, montant::DOUBLE AS montant,
        dateNotification, datePublicationDonnees, dureeMois, codeCPV, procedure, offresRecues,
        modification_id::BIGINT AS modification_id, donneesActuelles IS NOT DISTINCT FROM 'false' AS past,
        {filled} AS filled
    FROM (SELECT * FROM _rows ANTI JOIN _superseded USING (_key)) r
    LEFT JOIN (SELECT DISTINCT acheteur_id, id FROM _rows WHERE objetModification IS NULL) o
    ON r.acheteur_id = o.acheteur_id AND r.objetModification IS NOT NULL AND r.modification_id IS NULL
        AND regexp_matches(r.id, '[0-9][0-9]$') AND o.id = left(r.id, -2) || '00'
)
SELECT *, row_number() OVER (
    PARTITION BY acheteur_id, id, titulaire_id, montant, dateNotification, modification_id
    ORDER BY datePublicationDonnees DESC NULLS LAST, filled DESC, _key DESC
) AS copy FROM keyed;
CREATE TEMP TABLE _row_duplicates AS SELECT _key, id FROM _row_keys WHERE copy > 1;

-- An amount more than 1.5 times the next lower one is that of another lot.
CREATE TEMP TABLE _states AS
WITH state AS (
    SELECT acheteur_id, id, codeCPV, procedure, offresRecues, modification_id, dateNotification, montant,
        dureeMois, bool_and(past) AS past,
        min(_key) AS _row, max(datePublicationDonnees) AS datePublicationDonnees,
        list(_key ORDER BY _key) AS members, string_agg(titulaire_id, '|' ORDER BY titulaire_id) AS firms
    FROM _row_keys WHERE copy = 1
    GROUP BY acheteur_id, id, codeCPV, procedure, offresRecues, modification_id, dateNotification, montant,
        dureeMois
), grouped AS (
    SELECT *, CASE WHEN modification_id IS NULL THEN [codeCPV, procedure, offresRecues, firms] END AS kind
    FROM state
), stepped AS (
    SELECT *, modification_id IS NULL AND montant > 1.5 * lag(montant) OVER (
        PARTITION BY acheteur_id, id, kind ORDER BY montant, _row
    ) AS step FROM grouped
), sized AS (
    SELECT *, count(*) FILTER (step) OVER (PARTITION BY acheteur_id, id, kind ORDER BY montant, _row) AS size FROM stepped
), slotted AS (
    SELECT *, row_number() OVER (
        PARTITION BY acheteur_id, id, kind, size, modification_id, CASE WHEN modification_id IS NULL THEN dateNotification END
        ORDER BY montant, dureeMois, _row
    ) AS lot FROM sized
)
SELECT _row, members, firms, dateNotification, datePublicationDonnees, montant, dureeMois,
    row_number() OVER contract - 1 AS change, first(_row) OVER contract AS _key,
    lag(montant) OVER contract AS previous_montant, lag(dureeMois) OVER contract AS previous_dureeMois,
    lag(firms) OVER contract AS previous_firms
FROM slotted WINDOW contract AS (
    PARTITION BY acheteur_id, id, kind, size, lot
    ORDER BY modification_id, NOT past, dateNotification, datePublicationDonnees, montant, _row
);
CREATE TEMP TABLE _row_owners AS SELECT unnest(members) AS _key, _key AS _owner FROM _states;

CREATE TEMP VIEW _row_contracts AS
SELECT s._key, {contract}, r.titulaire_id AS _first, s.firms AS _parties
FROM _states s JOIN _rows r ON r._key = s._row WHERE s.change = 0;
CREATE TEMP VIEW _row_suppliers AS
SELECT m._key, m._row AS _place, {supplier}
FROM (SELECT _key, unnest(members) AS _row FROM _states WHERE change = 0) m JOIN _rows r ON r._key = m._row;
CREATE TEMP VIEW _row_amendments AS
SELECT s._key, s.change::VARCHAR AS modification_id, s.dateNotification AS dateNotificationModification,
    s.datePublicationDonnees AS datePublicationDonneesModification,
    CASE WHEN s.dureeMois IS DISTINCT FROM s.previous_dureeMois THEN s.dureeMois END AS dureeMois,
    CASE WHEN s.montant <> s.previous_montant THEN r.montant END AS montant,
    CASE WHEN s.firms <> s.previous_firms THEN s.firms END AS titulaires, r.objetModification
FROM _states s JOIN _rows r ON r._key = s._row WHERE s.change > 0;
