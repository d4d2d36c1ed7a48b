-- How many entries keep something else than their matches say, plus the matches that join what they may not.
SELECT (SELECT count(*)
          FROM accounting_ledgerentry e
          LEFT JOIN (SELECT side.id, sum(side.amount) AS amount, sum(side.currency_amount) AS currency_amount,
                            min(side.matched_on) AS first_on, max(side.matched_on) AS last_on
                       FROM (SELECT debit_id AS id, amount, debit_currency_amount AS currency_amount, matched_on
                               FROM accounting_match
                             UNION ALL
                             SELECT credit_id, -amount, -credit_currency_amount, matched_on FROM accounting_match
                            ) AS side
                      GROUP BY side.id) AS m ON m.id = e.id
         WHERE (e.open_amount, e.open_currency_amount, e.first_matched_on, e.last_matched_on, e.closed_on)
               IS DISTINCT FROM
               (e.amount - COALESCE(m.amount, 0), e.currency_amount - COALESCE(m.currency_amount, 0),
                m.first_on, m.last_on, CASE WHEN e.amount = COALESCE(m.amount, 0) THEN COALESCE(m.last_on, e.entry_date) END))
       +
       (SELECT count(*)
          FROM accounting_match m
          LEFT JOIN accounting_ledgerentry d ON (d.client_id, d.id) = (m.client_id, m.debit_id)
          LEFT JOIN accounting_ledgerentry c ON (c.client_id, c.id, c.customer_id) = (m.client_id, m.credit_id, d.customer_id)
         WHERE c.id IS NULL OR d.amount <= 0 OR c.amount >= 0
            OR m.matched_on < GREATEST(d.entry_date, c.entry_date))
