-- Ledgers made up from nothing but numbers: the same every time. Run as the superuser with triggers off.
--
-- Of each 100 entries 6 are open, in 46 cases of what happens to an invoice. A case has at most four entries, so that
-- the id of each follows from the case's number, and the matches' two ends with it. What an entry keeps of its matches
-- is reckoned here from the matches; bench/data.py proves it afterwards from the tables.
--
-- Takes the temporary table `ledger` (client_id, first_case, cases, first_customer, customers).

CREATE FUNCTION pg_temp.draw(seed bigint, salt int, below int) RETURNS int LANGUAGE sql IMMUTABLE
  RETURN mod(hashint8extended(seed, salt) & 1099511627775, below)::int;

CREATE TEMP TABLE made_case AS
SELECT c.*,
       -- Half of what nobody has paid anything of is recent; all else is spread evenly, and ends before today.
       CASE WHEN c.kind = 'unpaid' AND pg_temp.draw(c.no, 9, 2) = 0 THEN %(today)s::date - pg_temp.draw(c.no, 3, 90)
            ELSE %(today)s::date - c.paid_after - pg_temp.draw(c.no, 3, %(days)s - c.paid_after) END AS issued_on
  FROM (SELECT l.client_id, n AS no, k.kind,
               l.first_customer + pg_temp.draw(n, 1, l.customers) AS customer_id,
               10000 + pg_temp.draw(n, 2, 2000000)::bigint AS ore,
               k.kind IN ('unpaid', 'part_unpaid', 'unallocated') AS is_open,
               CASE WHEN pg_temp.draw(n, 4, 3) = 0 THEN 30 ELSE 14 END AS days_to_pay,
               -- Most pay around the due date, one in ten months later.
               CASE WHEN pg_temp.draw(n, 5, 10) = 0 THEN 45 + pg_temp.draw(n, 6, 120)
                    ELSE 8 + pg_temp.draw(n, 6, 37) END AS paid_after,
               k.kind = 'paid' AND pg_temp.draw(n, 7, 50) = 0 AS in_euro
          FROM ledger l
         CROSS JOIN LATERAL generate_series(l.first_case, l.first_case + l.cases - 1) AS n
         CROSS JOIN LATERAL (SELECT CASE WHEN place < 3 THEN 'unpaid'
                                         WHEN place < 5 THEN 'part_unpaid'
                                         WHEN place < 6 THEN 'unallocated'
                                         WHEN place < 10 THEN 'in_parts'
                                         WHEN place < 14 THEN 'credited'
                                         WHEN place < 16 THEN 'together'
                                         ELSE 'paid' END AS kind
                               FROM (SELECT mod((n - l.first_case) * 17, 46) AS place) AS spread) AS k
       ) AS c;

CREATE TEMP TABLE made_entry AS
SELECT c.no * 4 + e.slot AS id, c.client_id, c.customer_id, c.no, e.kind,
       e.entry_on AS entry_date,
       CASE WHEN e.kind IN ('invoice', 'credit_note') THEN e.entry_on + c.days_to_pay END AS due_date,
       e.ore, CASE WHEN c.in_euro THEN 'EUR' ELSE 'NOK' END AS currency,
       CASE WHEN c.in_euro THEN e.ore / 10 ELSE e.ore END AS currency_ore
  FROM made_case c
 CROSS JOIN LATERAL (
       SELECT 0 AS slot,
              CASE WHEN c.kind <> 'unallocated' THEN CASE WHEN c.is_open AND pg_temp.draw(c.no, 8, 100) = 0
                                                          THEN 'opening_balance' ELSE 'invoice' END
                   WHEN mod(c.no, 2) = 0 THEN 'payment' ELSE 'credit_note' END AS kind,
              c.issued_on AS entry_on,
              CASE c.kind WHEN 'unallocated' THEN -c.ore ELSE c.ore END AS ore
       UNION ALL
       SELECT 1, CASE c.kind WHEN 'credited' THEN 'credit_note' WHEN 'together' THEN 'invoice' ELSE 'payment' END,
              c.issued_on + CASE c.kind WHEN 'paid' THEN c.paid_after WHEN 'together' THEN 2 ELSE c.paid_after / 2 END,
              CASE c.kind WHEN 'paid' THEN -c.ore WHEN 'together' THEN c.ore ELSE -(c.ore / 3) END
        WHERE c.kind NOT IN ('unpaid', 'unallocated')
       UNION ALL
       SELECT 2, CASE c.kind WHEN 'together' THEN 'invoice' ELSE 'payment' END,
              c.issued_on + CASE c.kind WHEN 'together' THEN 4 ELSE c.paid_after END,
              CASE c.kind WHEN 'together' THEN c.ore ELSE -(c.ore - c.ore / 3) END
        WHERE c.kind IN ('in_parts', 'credited', 'together')
       UNION ALL
       SELECT 3, 'payment', c.issued_on + c.paid_after, -3 * c.ore
        WHERE c.kind = 'together'
       ) AS e;

-- Each case's matches: its credits against its invoice, or its invoices against its one payment.
CREATE TEMP TABLE made_match AS
SELECT d.client_id, d.id AS debit_id, c.id AS credit_id,
       LEAST(d.ore, -c.ore) AS ore, LEAST(d.currency_ore, -c.currency_ore) AS currency_ore,
       GREATEST(d.entry_date, c.entry_date) AS matched_on
  FROM made_entry d JOIN made_entry c ON c.no = d.no AND d.ore > 0 AND c.ore < 0;

INSERT INTO accounting_match (client_id, debit_id, credit_id, amount, debit_currency_amount, credit_currency_amount,
                              matched_on, assumed, registered_at)
SELECT client_id, debit_id, credit_id, ore::numeric / 100, currency_ore::numeric / 100, currency_ore::numeric / 100,
       matched_on, false, now()
  FROM made_match ORDER BY client_id, matched_on, debit_id;

INSERT INTO accounting_customer (id, client_id, number, name, organisation_number, country, private_person,
                                 related_party, changed_at)
SELECT l.first_customer + n, l.client_id, 10000 + n, 'Kunde ' || 10000 + n, '', 'NO', mod(n, 5) = 0, false, now()
  FROM ledger l CROSS JOIN LATERAL generate_series(0, l.customers - 1) AS n;

-- In the order of the books, as a ledger file has them.
INSERT INTO accounting_ledgerentry (
       id, client_id, customer_id, entry_id, source, kind, kind_inferred, account, voucher_number, invoice_number, kid,
       cross_reference, source_document_id, description, entry_date, due_date, due_date_assumed, amount, open_amount,
       currency, currency_amount, open_currency_amount, closed_on, first_matched_on, last_matched_on,
       department, project, disputed, in_collection, assigned, registered_at, changed_at)
SELECT e.id, e.client_id, e.customer_id, 'post-' || e.id, 'ledger', e.kind, false, '1500', e.id,
       CASE WHEN e.kind = 'invoice' THEN e.id::text ELSE '' END, CASE WHEN e.kind = 'invoice' THEN e.id::text ELSE '' END,
       '', '', '', e.entry_date, e.due_date, false,
       e.ore::numeric / 100, (e.ore - COALESCE(m.ore, 0))::numeric / 100,
       e.currency, e.currency_ore::numeric / 100, (e.currency_ore - COALESCE(m.currency_ore, 0))::numeric / 100,
       CASE WHEN e.ore = m.ore THEN m.last_on END, m.first_on, m.last_on,
       '', '', false, false, false, now(), now()
  FROM made_entry e
  LEFT JOIN (SELECT id, sum(ore)::bigint AS ore, sum(currency_ore)::bigint AS currency_ore,
                    min(matched_on) AS first_on, max(matched_on) AS last_on
               FROM (SELECT debit_id AS id, ore, currency_ore, matched_on FROM made_match
                     UNION ALL SELECT credit_id, -ore, -currency_ore, matched_on FROM made_match) AS side
              GROUP BY id) AS m ON m.id = e.id
 ORDER BY e.client_id, e.entry_date, e.id;

DROP TABLE made_case, made_entry, made_match, ledger;
DROP FUNCTION pg_temp.draw;
SELECT setval(pg_get_serial_sequence('accounting_ledgerentry', 'id'), (SELECT max(id) FROM accounting_ledgerentry)),
       setval(pg_get_serial_sequence('accounting_customer', 'id'), (SELECT max(id) FROM accounting_customer));
