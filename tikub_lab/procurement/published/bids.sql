-- The register: each lot as its last source says it, a release of OCDS as its last line does.
CREATE TEMP TABLE _bids_standing AS
WITH latest AS (
    SELECT source_index, _line, consultation_id, lot, offre, rang, dense_rank() OVER (
        PARTITION BY consultation_id, lot
        ORDER BY source_index DESC, CASE WHEN _whole::BOOLEAN THEN _line ELSE 0 END DESC
    ) AS _age FROM _bids
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY consultation_id, lot, offre, rang ORDER BY _line DESC) AS _rank
    FROM latest WHERE _age = 1
)
SELECT * EXCLUDE (_age, _rank),
    row_number() OVER (ORDER BY source_index, _line, offre::BIGINT, rang::BIGINT) - 1 AS _position
FROM ranked WHERE _rank = 1;
