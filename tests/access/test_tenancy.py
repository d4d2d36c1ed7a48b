"""The company as a wall: no scope, no rows; another scope, other rows; no key into another company."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from access.models import AuditEntry, Membership, Role
from access.services import write_audit
from access.tenancy import ScopeConflict, ScopeMissing, client_scope
from accounting.models import Customer, LedgerEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(make_client):
    """Two companies, each with a customer of the same number and name."""
    one, other = make_client("310000000", "Furuly Lys AS"), make_client("310011118", "Furulia Lys AS")
    for client in (one, other):
        with client_scope(client):
            Customer.objects.for_client(client).create(number="10000", name="Tindra AS")
    return one, other


def entry(client, customer, **values):
    return LedgerEntry.objects.for_client(client).create(
        customer=customer, entry_id=values.pop("entry_id", "1"), source="own", kind="invoice", currency="NOK",
        entry_date="2026-01-01", amount=values.get("amount", 100), open_amount=values.get("amount", 100),
        currency_amount=values.get("amount", 100), open_currency_amount=values.get("amount", 100),
    )  # fmt: skip


def test_tests_run_as_the_application_role():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == ("app_web", False)


def test_without_a_scope_a_query_raises_instead_of_giving_no_rows(two):
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        list(Customer.unscoped.all())
    assert caught.value.__cause__.pgcode == "CL001"


@pytest.mark.django_db(transaction=True)
def test_also_as_the_second_transaction_of_a_connection(two):
    with client_scope(two[0]):
        assert Customer.objects.for_client(two[0]).count() == 1
    with pytest.raises(DatabaseError, match="no client is set"):
        list(Customer.unscoped.all())


def test_after_a_nested_scope_the_outer_transaction_has_none(two):
    with client_scope(two[0]):
        pass
    with pytest.raises(DatabaseError, match="no client is set"), transaction.atomic():
        list(Customer.unscoped.all())


def test_a_scope_shows_its_own_rows_only_even_through_the_unscoped_manager(two):
    with client_scope(two[0]):
        assert {row.client_id for row in Customer.unscoped.all()} == {two[0].pk}


def test_alternating_on_one_connection_never_mixes(two):
    for client in (*two, *two):
        with client_scope(client):
            assert [row.client_id for row in Customer.unscoped.all()] == [client.pk]


def test_a_scope_of_several_companies_is_the_list_and_not_all(two, make_client):
    third = make_client("310022225", "Fjordlys AS")
    with client_scope(third):
        Customer.objects.for_client(third).create(number="1", name="A")
    with client_scope(*two):
        assert Customer.unscoped.count() == 2


def test_another_scope_inside_a_scope_is_refused(two):
    with client_scope(two[0]), pytest.raises(ScopeConflict), client_scope(two[1]):
        pass


def test_the_manager_raises_without_a_client(two):
    with client_scope(two[0]):
        for use in (
            Customer.objects.all,
            Customer.objects.count,
            lambda: Customer.objects.create(number="2", name="B"),
        ):
            with pytest.raises(ScopeMissing):
                use()


def test_a_row_of_another_company_cannot_be_written(two):
    with client_scope(two[0]), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        Customer.unscoped.create(client=two[1], number="2", name="B")


def test_a_row_of_another_company_cannot_be_changed(two):
    with client_scope(two[0]):
        assert Customer.unscoped.filter(client=two[1]).update(name="taken") == 0


def test_a_row_cannot_point_at_another_companys_customer(two):
    with client_scope(two[1]):
        theirs = Customer.objects.for_client(two[1]).get()
    with client_scope(two[0]), pytest.raises(IntegrityError, match="customer_same_client"), transaction.atomic():
        entry(two[0], theirs)
        connection.check_constraints()


def test_a_member_cannot_have_another_companys_role(two, make_member):
    member = make_member(two[0], "dag", "daglig_leder")
    role = Role.objects.get(client=two[1], key="administrator")
    with pytest.raises(IntegrityError, match="role_same_client"), transaction.atomic():
        Membership.objects.filter(client=two[0], user=member).update(role=role)
        connection.check_constraints()


def test_a_read_only_scope_refuses_to_write(two):
    with client_scope(two[0], read_only=True), pytest.raises(DatabaseError, match="read-only"), transaction.atomic():
        Customer.objects.for_client(two[0]).create(number="3", name="C")


def test_the_log_is_append_only(two):
    with client_scope(two[0]):
        assert AuditEntry.objects.for_client(two[0]).filter(action="client.created").exists()
        for change in ("UPDATE access_auditentry SET action = 'x'", "DELETE FROM access_auditentry"):
            with (
                pytest.raises(DatabaseError, match="permission denied"),
                transaction.atomic(),
                connection.cursor() as c,
            ):
                c.execute(change)


def test_a_line_without_a_company_is_written_with_no_scope_and_read_by_nobody(two):
    write_audit(action="sign_in.refused", details={"at": timezone.now().isoformat()})
    with client_scope(*two):
        assert not AuditEntry.unscoped.filter(action="sign_in.refused").exists()


@pytest.mark.parametrize(
    "statement", ["TRUNCATE accounting_customer CASCADE", "DROP POLICY client ON accounting_customer"]
)
def test_the_application_cannot_take_the_wall_down(two, statement):
    refused = pytest.raises(DatabaseError, match=r"permission denied|must be owner")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
