-- The eleven red flags of Cardinal 0.0.8 over a bid register (procurement/bids); definitions:
-- https://cardinal.readthedocs.io, and its code where the two differ. A section begins with its name between colons.
--
-- The section of a flag has a row for each process or party: grp, id, value, raised (null where the data are missing).
-- That of its evidence has the processes and parties behind what is raised. $fence is a quartile plus or less one and a
-- half times the distance between quartiles of :values, or the threshold that is set.

--: register :
-- What is looked at in a register; a column that it lacks is empty. A process is a lot; parties are numbers.
CREATE TEMP TABLE known (
    line BIGINT, process BIGINT, consultation_id VARCHAR, lot VARCHAR, offre BIGINT, rang BIGINT, acheteur_id BIGINT,
    passation_id BIGINT, codeCPV VARCHAR, procedure VARCHAR, ouverture VARCHAR, prixSeul BOOLEAN, etat VARCHAR,
    datePublication TIMESTAMPTZ, dateLimite TIMESTAMPTZ, nombreCandidats BIGINT, attributions BIGINT,
    dateReception TIMESTAMPTZ, statut VARCHAR, montant DOUBLE, devise VARCHAR, candidat_id BIGINT, retenue BOOLEAN,
    seul BOOLEAN, source VARCHAR
);
CREATE TEMP VIEW register AS FROM known UNION ALL BY NAME FROM rows;
-- Each tenderer of a bid has a row, with what the first of them says of it; a bid has a tenderer if it has no other.
CREATE TEMP TABLE lines AS
SELECT process, bid, line, party, row_number() OVER own AS seat, CASE WHEN count(*) OVER own = 1 THEN party END AS tenderer,
    $statuses[first_value(statut) OVER own] AS status, first_value(montant) OVER own AS amount,
    first_value(devise) OVER own AS currency, first_value(dateReception) OVER own AS received,
    coalesce(status NOT IN ('invited', 'withdrawn'), false) AS submitted
FROM (SELECT *, coalesce(offre, 1) AS bid, coalesce(rang, 1) AS rank, candidat_id AS party FROM register)
WINDOW own AS (PARTITION BY process, bid ORDER BY rank, line ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING);
CREATE TEMP TABLE suppliers AS
SELECT process, candidat_id AS party, coalesce(bool_and(seul), true) AS alone
FROM register WHERE retenue AND candidat_id IS NOT NULL GROUP BY ALL;
-- What is said of a process is what its first bid says. Who submitted a bid is counted, a group being one, where nobody
-- says how many they were, unless bids may be left out.
CREATE TEMP TABLE tenders AS
WITH heads AS (
    SELECT *, coalesce(etat <> 'En cours', true) AS final
    FROM register WHERE line IN (SELECT arg_min(line, bid) FROM lines WHERE seat = 1 GROUP BY process)
),
won AS (
    SELECT process, count(*) AS holders, any_value(party) AS party, bool_and(alone) AS alone FROM suppliers GROUP BY process
),
came AS (
    SELECT process, CASE WHEN count(status) > 0 THEN count(DISTINCT party) FILTER (submitted) END AS counted
    FROM lines WHERE seat = 1 GROUP BY process
)
SELECT process, consultation_id || CASE WHEN lot = $unallotted THEN '' ELSE ', lot ' || lot END AS ocid,
    coalesce($openings[ouverture], $procedures[procedure]) AS method, procedure AS details,
    trunc((epoch_us(dateLimite) - epoch_us(datePublication)) / 86400e6) AS days, dateLimite AS closing, codeCPV AS codes,
    coalesce(nombreCandidats, CASE WHEN source IS DISTINCT FROM $partial THEN counted END) AS tenderers, final,
    coalesce(attributions > 0, holders > 0 OR etat = 'Attribuée', false) AS awarded,
    CASE WHEN final AND coalesce(attributions, 1) = 1 AND holders = 1 AND alone THEN won.party END AS winner,
    acheteur_id AS buyer, passation_id AS entity,
    coalesce(etat <> 'Sans suite', true) AND NOT coalesce(list_contains($excluded, details), false) AS counts,
    CASE WHEN len($only) > 0 THEN coalesce(list_contains($only, details), false)
        ELSE NOT coalesce(list_contains($not_only, details), false) END
    AND (NOT $respect_criteria OR coalesce(prixSeul, true)) AS priced
FROM heads LEFT JOIN won USING (process) LEFT JOIN came USING (process);
-- Who shares an award does not supply all its items.
CREATE TEMP TABLE items AS
SELECT DISTINCT process, candidat_id AS party, unnest(string_split(CASE WHEN seul IS NULL THEN codes ELSE codeCPV END, '|')) AS code
FROM register JOIN tenders USING (process) WHERE retenue AND coalesce(seul, winner = candidat_id);

-- Processes that count, and bids in them. What is large is a view, or it would stand in memory several times.
CREATE TEMP VIEW kept AS FROM tenders WHERE counts;
CREATE TEMP VIEW placed AS
SELECT l.*, received > closing AS late, winner, awarded, final, buyer, entity, priced,
    priced AND amount IS NOT NULL AND currency IS NOT NULL AS has_price
FROM lines l JOIN kept USING (process);
CREATE TEMP VIEW bid AS FROM placed WHERE seat = 1;
CREATE TEMP VIEW tie AS FROM placed WHERE party IS NOT NULL;
CREATE TEMP VIEW compared AS
SELECT * FROM bid WHERE status = 'valid' AND tenderer IS NOT NULL AND winner IS NOT NULL AND has_price;
CREATE TEMP VIEW ranked AS SELECT * FROM bid WHERE submitted AND awarded AND has_price;

CREATE TEMP TABLE seen (drapeau VARCHAR, grp VARCHAR, id BIGINT, value DOUBLE, raised BOOLEAN);
CREATE TEMP TABLE proofs (drapeau VARCHAR, process BIGINT, grp VARCHAR, party BIGINT);

--: raised :
SELECT grp AS groupe, coalesce(ocid, name) AS id, drapeau, value AS valeur
FROM seen LEFT JOIN tenders ON grp = 'OCID' AND id = process LEFT JOIN parties ON grp <> 'OCID' AND id = party WHERE raised;
--: evidence :
SELECT drapeau, ocid, grp AS groupe, name AS id FROM proofs JOIN tenders USING (process) JOIN parties USING (party)
ORDER BY proofs.rowid;
--: counts :
SELECT drapeau, count(raised) AS examines, count(*) - count(raised) AS manquants FROM seen GROUP BY drapeau;
--: tried :
SELECT tried FROM attempts;

--: currency :
-- The first currency in a bid that an enabled flag looks at; within one process R024 and R058 come before R036.
SELECT currency FROM (
    (SELECT process, 0 AS flag, currency FROM compared WHERE $margins ORDER BY process, bid LIMIT 1)
    UNION ALL (SELECT process, 1, currency FROM ranked WHERE $lowest ORDER BY process, bid LIMIT 1)
) ORDER BY process, flag LIMIT 1;

--: whole :
-- How far the lowest other bid is above the winner's. A process whose winner is not the lowest has no margin: price was
-- not its only criterion; neither has one of zero over zero.
CREATE TEMP TABLE margins AS
SELECT process, winner, arg_min(tenderer, (amount, bid)) FILTER (tenderer <> winner) AS second,
    min(amount) FILTER (tenderer <> winner) AS next, min(amount) FILTER (tenderer = winner) AS best,
    (next - best) / best AS ratio
FROM compared WHERE currency = $currency GROUP BY process, winner
HAVING next >= best AND NOT isnan(ratio);
CREATE TEMP VIEW tries AS
SELECT DISTINCT process, tenderer AS party, tenderer = winner AS won
FROM bid WHERE status = 'valid' AND tenderer IS NOT NULL AND winner IS NOT NULL;
CREATE TEMP TABLE attempts AS
SELECT party, count(*) AS tried, count(*) FILTER (won) / count(*) AS ratio FROM tries GROUP BY party;
CREATE TEMP VIEW fates AS
SELECT 'Buyer' AS grp, buyer AS party, process, status FROM bid WHERE submitted AND buyer IS NOT NULL
UNION ALL SELECT 'ProcuringEntity', entity, process, status FROM bid WHERE submitted AND entity IS NOT NULL
UNION ALL SELECT 'Tenderer', party, process, status FROM tie WHERE submitted;
CREATE TEMP TABLE shares AS
SELECT grp, party, count(*) FILTER (status = 'disqualified') / count(*) AS ratio FROM fates GROUP BY grp, party
HAVING count(*) >= CASE grp WHEN 'Tenderer' THEN $r038_minimum_submitted_bids ELSE $r038_minimum_contracting_processes END;
CREATE TEMP TABLE families AS
SELECT party, count(DISTINCT left(code, $r048_digits))::DOUBLE AS number
FROM items JOIN kept USING (process)
GROUP BY party HAVING count(DISTINCT process) >= $r048_minimum_contracting_processes;
-- Bids of one price in one process and currency, of other tenderers than the bid before or after of that price.
CREATE TEMP TABLE twins AS
SELECT process, bid, coalesce(who <> lag(who) OVER same OR who <> lead(who) OVER same, false) AS twin FROM (
    SELECT process, bid, any_value(currency) AS currency, any_value(amount) + 0.0 AS price,
        list_sort(list_distinct(list(party))) AS who
    FROM tie WHERE submitted AND has_price GROUP BY process, bid
) WINDOW same AS (PARTITION BY process, price, currency ORDER BY bid);
CREATE TEMP VIEW wins AS
SELECT process, party, late FROM tie SEMI JOIN suppliers USING (process, party) WHERE status = 'valid';
-- Where one tenderer has the valid bids and is the one supplier: that winner, and how many others are disqualified.
CREATE TEMP TABLE alone AS
WITH valid AS (
    SELECT process, any_value(party) AS party FROM tie WHERE final AND status = 'valid'
    GROUP BY process HAVING count(DISTINCT party) = 1
), won AS (
    SELECT process, any_value(party) AS party FROM suppliers GROUP BY process HAVING count(DISTINCT party) = 1
)
SELECT process, v.party, count(DISTINCT t.party)::DOUBLE AS others
FROM valid v JOIN won USING (process, party) JOIN tie t USING (process)
WHERE t.status = 'disqualified' AND t.party <> v.party GROUP BY process, v.party;

--: R003 :
SELECT 'OCID' AS grp, process AS id, 1.0 AS value, days < coalesce(map($names, $days)[details], $threshold) AS raised
FROM kept WHERE len($methods) = 0 OR list_contains($methods, method);

--: R018 :
SELECT 'OCID' AS grp, process AS id, 1.0 AS value, tenderers = 1 AS raised
FROM kept WHERE len($methods) = 0 OR list_contains($methods, method);

--: R024 :
SELECT 'OCID' AS grp, process AS id, ratio AS value,
    CASE WHEN ratio IS NOT NULL THEN ratio <= $fence AND $fence > 0 END AS raised
FROM kept LEFT JOIN margins USING (process) WHERE priced AND awarded;
--: R024 values :
SELECT ratio FROM margins;
--: R024 evidence :
SELECT process, 'Tenderer' AS grp, party FROM (
    SELECT process, winner AS party, 0 AS place, ratio FROM margins
    UNION ALL SELECT process, second, 1, ratio FROM margins
) WHERE ratio <= $fence AND $fence > 0 ORDER BY process, place;

--: R025 :
SELECT 'Tenderer' AS grp, party AS id, ratio AS value, tried >= $often AND ratio <= $fence AND $fence > 0 AS raised
FROM attempts UNION ALL SELECT 'OCID', process, NULL, NULL FROM kept WHERE awarded AND winner IS NULL;
--: R025 values :
SELECT ratio FROM attempts;
--: R025 evidence :
SELECT process, 'Tenderer' AS grp, party FROM tries JOIN attempts USING (party)
WHERE NOT won AND tried >= $often AND ratio <= $fence AND $fence > 0 ORDER BY process, party;

--: R028 :
SELECT 'OCID' AS grp, process AS id, 1.0 AS value, bool_or(twin) AS raised
FROM (SELECT process, bid FROM bid WHERE submitted AND priced) LEFT JOIN twins USING (process, bid) GROUP BY process;
--: R028 evidence :
SELECT process, 'Tenderer' AS grp, party FROM twins JOIN lines USING (process, bid)
WHERE twin AND party IS NOT NULL ORDER BY process, party;

--: R030 :
SELECT 'OCID' AS grp, process AS id, 1.0 AS value, bool_or(late) AS raised FROM wins GROUP BY process;
--: R030 evidence :
SELECT process, 'Tenderer' AS grp, party FROM wins WHERE late ORDER BY process, party;

--: R035 :
SELECT 'OCID' AS grp, process AS id, others AS value,
    CASE WHEN final AND judged THEN coalesce(others >= greatest($threshold, 1), false) END AS raised
FROM kept LEFT JOIN alone USING (process) LEFT JOIN (
    SELECT DISTINCT process, true AS judged FROM lines WHERE status IN ('valid', 'disqualified')
) USING (process) WHERE awarded;
--: R035 evidence :
SELECT process, 'Tenderer' AS grp, party FROM alone WHERE others >= greatest($threshold, 1) ORDER BY process, party;

--: R036 :
SELECT 'OCID' AS grp, process AS id, 1.0 AS value, raised FROM kept LEFT JOIN (
    SELECT process, arg_min(status, (amount, bid)) = 'disqualified' AND bool_or(status = 'valid') AS raised
    FROM ranked WHERE currency = $currency GROUP BY process
) USING (process) WHERE priced AND awarded;

--: R038 :
SELECT grp, party AS id, ratio AS value, ratio >= $fence AND $fence > 0 AS raised FROM shares WHERE grp = $grp
UNION ALL SELECT 'OCID', process, NULL, NULL FROM kept
WHERE $grp = 'Tenderer' AND process NOT IN (SELECT process FROM bid WHERE submitted);
--: R038 values :
SELECT ratio FROM shares WHERE grp = $grp;
--: R038 evidence :
SELECT process, grp, party FROM fates JOIN shares USING (grp, party)
WHERE grp = $grp AND status = 'disqualified' AND ratio >= $fence AND $fence > 0 ORDER BY process, party;

--: R048 :
SELECT 'Tenderer' AS grp, party AS id, number AS value, number >= $fence AS raised FROM families
UNION ALL SELECT 'OCID', process, NULL, NULL FROM kept WHERE awarded AND process NOT IN (SELECT process FROM items);
--: R048 values :
SELECT number FROM families;
--: R048 evidence :
SELECT process, 'Tenderer' AS grp, party FROM items JOIN kept USING (process) JOIN families USING (party)
WHERE number >= $fence ORDER BY process, party;

--: R058 :
SELECT 'OCID' AS grp, process AS id, ratio AS value,
    CASE WHEN ratio IS NOT NULL THEN ratio >= $fence AND $fence > 0 END AS raised
FROM kept LEFT JOIN margins USING (process) WHERE priced AND awarded;
--: R058 values :
SELECT ratio FROM margins;
--: R058 evidence :
SELECT process, 'Tenderer' AS grp, winner AS party FROM margins WHERE ratio >= $fence AND $fence > 0 ORDER BY process, party;

