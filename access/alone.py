"""One at a time over all processes, without anything that a dead one could leave behind."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def alone(work: str) -> Iterator[bool]:
    """Whether nobody else does this work now; held to the end of the block. Outside any transaction.

    The lock hangs on the connection to the database and ends with it: a killed worker holds nothing. Where a connection
    broke meanwhile two may work at once, which the work must bear.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [work])
        got = cursor.fetchone()[0]
    try:
        yield got
    finally:
        if got and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [work])
