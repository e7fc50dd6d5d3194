-- Set the duplicates among {kind}s apart and give the others their uid: tables _{kind}_duplicates and _{kind}_picked.
CREATE TEMP TABLE _{kind}_ranked AS
SELECT _key, {buyer} AS buyer, id, {amount}::DOUBLE AS amount, {date} AS date, _parties AS parties,
    row_number() OVER (
        PARTITION BY {buyer}, id, _first, {amount}::DOUBLE, {date}
        ORDER BY datePublicationDonnees DESC NULLS LAST, coalesce(changes, 0) DESC, {filled} DESC, _key DESC
    ) AS rank
FROM _{kind}s ANTI JOIN _superseded USING (_key) LEFT JOIN ({changes}) USING (_key);
CREATE TEMP TABLE _{kind}_duplicates AS SELECT _key, id FROM _{kind}_ranked WHERE rank > 1;
CREATE TEMP TABLE _{kind}_picked AS
WITH numbered AS (
    SELECT _key, buyer || id AS uid, row_number() OVER (
        PARTITION BY buyer, id ORDER BY date, amount, parties, _key
    ) AS lot FROM _{kind}_ranked WHERE rank = 1
), named AS (SELECT _key, uid || CASE WHEN lot > 1 THEN '~' || lot ELSE '' END AS uid FROM numbered)
SELECT *, row_number() OVER (ORDER BY uid) - 1 AS _position FROM named;
DROP TABLE _{kind}_ranked;
