-- CPV codes as the nomenclature has them, where it was imported: with their check digit, the division's for one unknown.
CREATE TEMP TABLE _cpv_mended AS
WITH known AS (SELECT code, left(code, 8) AS digits FROM ({known})), written AS (
    SELECT DISTINCT codeCPV AS code FROM (SELECT codeCPV FROM _read_records UNION ALL SELECT codeCPV FROM _read_rows)
    WHERE EXISTS (FROM known)
)
SELECT w.code AS codeCPV, coalesce(k.code, d.code) AS mended
FROM written w LEFT JOIN known k ON k.digits = left(w.code, 8) LEFT JOIN known d ON d.digits = left(w.code, 2) || '000000'
WHERE coalesce(k.code, d.code) <> w.code;
CREATE TEMP VIEW _records AS
SELECT r.* REPLACE (coalesce(mended, codeCPV) AS codeCPV) FROM _read_records r LEFT JOIN _cpv_mended USING (codeCPV);
CREATE TEMP VIEW _rows AS
SELECT r.* REPLACE (coalesce(mended, codeCPV) AS codeCPV) FROM _read_rows r LEFT JOIN _cpv_mended USING (codeCPV);
CREATE TEMP VIEW _cpv_repairs AS
SELECT source_index, _key, id, 'codeCPV' AS field, codeCPV AS value, 'cpv-repaired' AS rule, mended AS replacement
FROM (
    SELECT source_index, _key, id, codeCPV FROM _read_records
    UNION ALL SELECT source_index, _key, id, codeCPV FROM _read_rows
) JOIN _cpv_mended USING (codeCPV);
