"""The company as a wall: the scope that PostgreSQL demands, and the manager that refuses to work without a client.

docs/decisions/0004-row-level-security.md says why a missing scope raises instead of giving no rows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from django.db import connections, models, transaction


class ScopeMissing(Exception):
    """A query on a company's data named no client."""


class ScopeConflict(Exception):
    """A scope was opened inside the scope of other companies."""


@contextmanager
def client_scope(*clients: Any, read_only: bool = False, using: str = "default") -> Iterator[None]:
    """Open a transaction in which exactly these clients' rows can be seen and written.

    `clients` are Client objects or primary keys. With `read_only` PostgreSQL refuses every write in it.
    Raises ScopeConflict inside a scope of other clients. The setting is local to the transaction, so a pooled
    connection carries it no further.
    """
    keys = sorted({int(getattr(client, "pk", client)) for client in clients})
    ids = "{" + ",".join(map(str, keys)) + "}"
    connection = connections[using]
    nested = connection.in_atomic_block
    with transaction.atomic(using=using):
        with connection.cursor() as cursor:
            if read_only:
                cursor.execute("SET TRANSACTION READ ONLY")
            cursor.execute(
                "SELECT current_setting('app.client_ids', true), set_config('app.client_ids', %s, true)", [ids]
            )
            before = cursor.fetchone()[0] or ""
        if before not in ("", ids):
            raise ScopeConflict(f"inside the scope of {before}, asked for {ids}")
        yield
        if nested and not before:  # COMMIT and ROLLBACK forget it by themselves, RELEASE SAVEPOINT does not
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('app.client_ids', '', true)")


class ClientQuerySet(models.QuerySet):
    """Remembers the client it was asked for, and gives it to what it creates."""

    client: Any = None

    def for_client(self, client: Any) -> Self:
        """The rows of this client; what is created through the result belongs to it."""
        found = self.filter(client=client)
        found.client = client
        return found

    def for_clients(self, clients: Any) -> Self:
        """The rows of several clients, to be read only: what is created through the result must name its own."""
        return self.filter(client__in=clients)

    def _clone(self) -> Self:
        copy = super()._clone()  # type: ignore[misc]  # Django's, not in the stubs
        copy.client = self.client
        return copy

    def create(self, **values: Any) -> Any:
        if self.client is not None and not {"client", "client_id"} & values.keys():
            values["client_id"] = self._client_id()
        return super().create(**values)

    def bulk_create(self, objs: Any, *arguments: Any, **options: Any) -> Any:
        objs = list(objs)
        if self.client is not None:
            for one in objs:
                if one.client_id is None:
                    one.client_id = self._client_id()
        return super().bulk_create(objs, *arguments, **options)

    def _client_id(self) -> int:
        return int(getattr(self.client, "pk", self.client))


_Manager = models.Manager.from_queryset(ClientQuerySet)


class RaisingManager(_Manager):
    """Gives nothing until `for_client(client)` or `for_clients(clients)` was called."""

    def get_queryset(self) -> Any:
        if getattr(self, "instance", None) is None:  # a related manager carries the object it hangs on
            raise ScopeMissing(f"{self.model.__name__}.objects: call for_client(client)")
        return super().get_queryset()

    def for_client(self, client: Any) -> Any:
        """The rows of this client (of a related manager: those of its object)."""
        bound = getattr(self, "instance", None) is not None
        rows: Any = self.get_queryset() if bound else super().get_queryset()
        return rows.for_client(client)

    def for_clients(self, clients: Any) -> Any:
        """The rows of several clients, all of them in scope; for pages that are about more than one company."""
        rows: Any = super().get_queryset()
        return rows.for_clients(clients)


class ClientOwned(models.Model):
    """A row that belongs to one company. Its migration must add row-level security (a test walks the models)."""

    # The index would double the composite ones that begin with client_id.
    client = models.ForeignKey("access.Client", on_delete=models.PROTECT, related_name="+", db_index=False)

    objects = RaisingManager()
    unscoped = _Manager()  # for Django's own insides; who may name it stands in a list that a test knows

    class Meta:
        abstract = True
        base_manager_name = "unscoped"
        default_manager_name = "unscoped"
