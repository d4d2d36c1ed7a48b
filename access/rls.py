"""Migration operations that build the walls in PostgreSQL: row-level security, same-client keys, append-only tables."""

from typing import Any

from django.db.migrations.operations.base import Operation

from access.ownership import application_login

CLIENT_IDS = """
CREATE OR REPLACE FUNCTION app_client_ids() RETURNS bigint[] LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE ids text := current_setting('app.client_ids', true);
BEGIN
  IF ids IS NULL OR ids = '' THEN
    RAISE EXCEPTION 'no client is set' USING ERRCODE = 'CL001', HINT = 'open client_scope(client) first';
  END IF;
  RETURN ids::bigint[];
END $$
"""  # A bare current_setting(...)::bigint[] raises two different errors, or none: one of our own, always.


class _Table(Operation):
    """SQL on the table of one model."""

    reversible = True
    reduces_to_sql = True
    forwards = backwards = ""

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__qualname__, [self.model_name], {}

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The models stay as they are."""

    def sql(self, template: str, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.connection.ops.quote_name
        return template.format(table=quote(model._meta.db_table), name=model._meta.db_table)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        schema_editor.execute(self.sql(self.forwards, model, schema_editor), None)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        schema_editor.execute(self.sql(self.backwards, model, schema_editor), None)

    def describe(self) -> str:
        return f"{self.__class__.__name__} on {self.model_name}"


class RowLevelSecurity(_Table):
    """Only the rows of the clients in scope; with no scope every access raises CL001.

    The second policy lets the migrating owner add foreign keys: FORCEd, it too would meet the raising policy.
    """

    forwards = """
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY client ON {table} USING (client_id = ANY (app_client_ids()));
        CREATE POLICY owner ON {table} TO CURRENT_USER USING (true)
    """
    backwards = """
        DROP POLICY owner ON {table}; DROP POLICY client ON {table};
        ALTER TABLE {table} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY
    """


class AuditRowLevelSecurity(_Table):
    """As RowLevelSecurity, but a row without a client may be written with no scope open (and read by nobody but the owner)."""

    forwards = """
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY client_read ON {table} FOR SELECT USING (client_id = ANY (app_client_ids()));
        CREATE POLICY client_write ON {table} FOR INSERT
            WITH CHECK (CASE WHEN client_id IS NULL THEN true ELSE client_id = ANY (app_client_ids()) END);
        CREATE POLICY owner ON {table} TO CURRENT_USER USING (true)
    """
    backwards = """
        DROP POLICY owner ON {table}; DROP POLICY client_write ON {table}; DROP POLICY client_read ON {table};
        ALTER TABLE {table} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY
    """


class AppendOnly(_Table):
    """The application may add rows and read them, never change or remove them."""

    forwards = "REVOKE UPDATE, DELETE ON {table} FROM {role}"
    backwards = "GRANT UPDATE, DELETE ON {table} TO {role}"

    def sql(self, template: str, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.connection.ops.quote_name
        role = application_login(schema_editor.connection.alias)["USER"]
        return template.format(table=quote(model._meta.db_table), role=quote(role))


class ChangeableColumns(_Table):
    """The application may add rows and read them, and change these columns only; nothing is removed."""

    forwards = "REVOKE UPDATE, DELETE ON {table} FROM {role}; GRANT UPDATE ({columns}) ON {table} TO {role}"
    backwards = "REVOKE UPDATE ({columns}) ON {table} FROM {role}; GRANT UPDATE, DELETE ON {table} TO {role}"

    def __init__(self, model_name: str, *field_names: str) -> None:
        super().__init__(model_name)
        self.field_names = field_names

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__qualname__, [self.model_name, *self.field_names], {}

    def sql(self, template: str, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.connection.ops.quote_name
        columns = ", ".join(quote(model._meta.get_field(name).column) for name in self.field_names)
        role = application_login(schema_editor.connection.alias)["USER"]
        return template.format(table=quote(model._meta.db_table), columns=columns, role=quote(role))


class KeptByTriggers(ChangeableColumns):
    """Rows come and change by triggers of the owner's; the application may read them, and change these columns only."""

    forwards = "REVOKE INSERT, UPDATE, DELETE ON {table} FROM {role}; GRANT UPDATE ({columns}) ON {table} TO {role}"
    backwards = "REVOKE UPDATE ({columns}) ON {table} FROM {role}; GRANT INSERT, UPDATE, DELETE ON {table} TO {role}"


class SameClientForeignKey(_Table):
    """A foreign key that includes the client, so that no row can point into another company.

    The parent needs a UNIQUE (client_id, id); the Django field carries db_constraint=False.
    """

    forwards = """
        ALTER TABLE {table} ADD CONSTRAINT {constraint} FOREIGN KEY (client_id, {column})
        REFERENCES {parent} (client_id, id) DEFERRABLE INITIALLY DEFERRED
    """
    backwards = "ALTER TABLE {table} DROP CONSTRAINT {constraint}"

    def __init__(self, model_name: str, field_name: str) -> None:
        super().__init__(model_name)
        self.field_name = field_name

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__qualname__, [self.model_name, self.field_name], {}

    def sql(self, template: str, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.connection.ops.quote_name
        field = model._meta.get_field(self.field_name)
        return template.format(
            table=quote(model._meta.db_table),
            constraint=quote(f"{model._meta.db_table}_{self.field_name}_same_client"),
            column=quote(field.column),
            parent=quote(field.related_model._meta.db_table),
        )
