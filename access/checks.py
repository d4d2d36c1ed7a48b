"""Start-up checks: the database role that the application works as must be one that row-level security binds."""

from typing import Any

from django.core.checks import Error, Tags, register
from django.db import connections


@register(Tags.database)
def application_role_is_bound(*, databases: Any = None, **options: Any) -> list[Error]:
    """Errors where the application's role is a superuser, passes row-level security by, or owns a table."""
    found = []
    for alias in databases or []:
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "SELECT rolsuper OR rolbypassrls, EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = 'public'"
                " AND tableowner = current_user) FROM pg_roles WHERE rolname = current_user"
            )
            unbound, owner = cursor.fetchone()
        if unbound:
            found.append(
                Error("The application's database role passes row-level security by.", id="access.E001",
                      hint="Give DATABASE_URL a role with NOSUPERUSER NOBYPASSRLS.")
            )  # fmt: skip
        if owner:
            found.append(
                Error("The application's database role owns tables.", id="access.E002",
                      hint="DATABASE_URL and DATABASE_OWNER_URL must name two roles.")
            )  # fmt: skip
    return found
