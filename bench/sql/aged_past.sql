-- The aged report as of a past date, as well as it can be asked by hand on two covering indexes: entry_open, and
-- entry_closed (client, closed_on, entry_date) of the closed rows, through which PostgreSQL 18 skips from one closing
-- day to the next and reads nothing but the rows that were open on the date.
--
-- * What was open then is read off the entry, but for the few between their first match and their last: only for them
--   does the scalar subquery run.
-- * The first branch has the index's order, so that the two are merged and not sorted; the second must not ask for it,
--   or the planner takes another index that has it and reads far more.
-- * OFFSET 0 keeps the outer steps from repeating it; the rest as in aged_today.sql.
SELECT c.number, c.name, s.customer_id, s.items, s.total, s.c0, s.c1, s.c2, s.c3, s.c4, s.c5, s.c6
  FROM (SELECT customer_id, count(*) AS items, sum(was_open) AS total,
               sum(was_open) FILTER (WHERE age = 0) AS c0, sum(was_open) FILTER (WHERE age = 1) AS c1,
               sum(was_open) FILTER (WHERE age = 2) AS c2, sum(was_open) FILTER (WHERE age = 3) AS c3,
               sum(was_open) FILTER (WHERE age = 4) AS c4, sum(was_open) FILTER (WHERE age = 5) AS c5,
               sum(was_open) FILTER (WHERE age = 6) AS c6
          FROM (SELECT customer_id,
                       CASE WHEN amount < 0 THEN 6
                            WHEN kind = 'opening_balance' THEN 5
                            ELSE width_bucket(%(as_of)s - COALESCE(due_date, entry_date), '{1,31,61,91}'::int[]) END AS age,
                       CASE WHEN first_matched_on IS NULL OR first_matched_on > %(as_of)s THEN amount
                            WHEN last_matched_on <= %(as_of)s THEN open_amount
                            WHEN amount > 0
                            THEN amount - (SELECT sum(m.amount) FROM accounting_match m
                                            WHERE m.client_id = %(client)s AND m.debit_id = e.id AND m.matched_on <= %(as_of)s)
                            ELSE amount + (SELECT sum(m.amount) FROM accounting_match m
                                            WHERE m.client_id = %(client)s AND m.credit_id = e.id AND m.matched_on <= %(as_of)s)
                       END AS was_open
                  FROM ((SELECT id, customer_id, entry_date, due_date, kind, amount, open_amount,
                               first_matched_on, last_matched_on
                          FROM accounting_ledgerentry
                         WHERE client_id = %(client)s AND entry_date <= %(as_of)s AND closed_on IS NULL
                         ORDER BY customer_id)
                        UNION ALL
                        (SELECT id, customer_id, entry_date, due_date, kind, amount, 0.00, first_matched_on, closed_on
                          FROM accounting_ledgerentry
                         WHERE client_id = %(client)s AND entry_date <= %(as_of)s AND closed_on > %(as_of)s)) AS e
                 ORDER BY customer_id OFFSET 0) AS item
         GROUP BY customer_id) AS s
  JOIN accounting_customer c ON c.client_id = %(client)s AND c.id = s.customer_id
 ORDER BY c.number_key
