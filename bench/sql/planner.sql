-- What the SQL by hand is given before the clock starts; the product sets the same within it (accounting/reports/query.py).
SET enable_nestloop = off; SET max_parallel_workers_per_gather = 0; SET jit = off; SET work_mem = '32MB'
