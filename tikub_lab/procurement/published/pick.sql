-- Set the duplicates among {kind}s apart and give the others their uid: tables _{kind}_duplicates and _{kind}_picked.
CREATE TEMP TABLE _{kind}_ranked AS
WITH keyed AS (  -- a window keeps whole rows: here they are short ones
    SELECT _key, {buyer} AS buyer, id, {amount}::DOUBLE AS amount, {date} AS date, _first, _parties AS parties,
        datePublicationDonnees AS published, coalesce(changes, 0) AS changes, {filled} AS filled
    FROM _{kind}s ANTI JOIN _superseded USING (_key) LEFT JOIN ({changes}) USING (_key)
)
SELECT _key, buyer, id, amount, date, parties, row_number() OVER (
    PARTITION BY buyer, id, _first, amount, date
    ORDER BY published DESC NULLS LAST, changes DESC, filled DESC, _key DESC
) AS rank FROM keyed;
CREATE TEMP TABLE _{kind}_duplicates AS SELECT _key, id FROM _{kind}_ranked WHERE rank > 1;
CREATE TEMP TABLE _{kind}_picked AS
WITH numbered AS (
    SELECT _key, buyer || id AS uid, row_number() OVER (
        PARTITION BY buyer, id ORDER BY date, amount, parties, _key
    ) AS lot FROM _{kind}_ranked WHERE rank = 1
), named AS (SELECT _key, uid || CASE WHEN lot > 1 THEN '~' || lot ELSE '' END AS uid FROM numbered)
SELECT *, row_number() OVER (ORDER BY uid) - 1 AS _position FROM named;
DROP TABLE _{kind}_ranked;
