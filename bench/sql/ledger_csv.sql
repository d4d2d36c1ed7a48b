SELECT e.entry_id, c.number AS customer_number, c.name AS customer_name, '' AS organisation_number, e.kind,
       e.voucher_number, e.invoice_number, e.kid, e.entry_date, e.due_date, e.currency, e.amount, e.currency_amount
  FROM accounting_ledgerentry e JOIN accounting_customer c ON c.id = e.customer_id
 ORDER BY e.entry_date, e.id
