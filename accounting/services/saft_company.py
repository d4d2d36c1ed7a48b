"""Whose books a SAF-T file holds: the company is found, or made where it is not known."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from access.models import Client, User, check_bank_account, is_organisation_number
from access.services import create_client
from accounting.imports.refusal import ImportRefused
from accounting.imports.saft_file import Header
from accounting.services.saft_checks import Warnings, bare_number

OF_ANOTHER_COMPANY = "the file is of company {number}: open Import there, or ask for access to it"


def company_of(
    header: Header, given: str | None, warnings: Warnings, actor: User | None, founding: bool | None = None
) -> Client:
    """The company of the file, locked until the import ends; created where it is not known. Raises ImportRefused.

    `founding` False refuses a company that is not known, True one that is.
    """
    bank_account = _bank_account(header, warnings)
    written = bare_number(header.company_number)
    if given and is_organisation_number(written) and written != given:
        raise ImportRefused(f"the file is of company {written}, not of {given}: leave --client out", header.line)
    number = given or written
    if not number:
        raise ImportRefused("the file carries no company number: name the company with --client", header.line)
    if not is_organisation_number(number):
        remedy = "give the right one with --client"
        raise ImportRefused(
            f"{number[:40]} is not an organisation number, its check digit is wrong: {remedy}", header.line
        )
    known = Client.objects.select_for_update(no_key=True).filter(organisation_number=number)
    client = known.first()
    if founding is not None and founding == (client is not None):
        raise ImportRefused(OF_ANOTHER_COMPANY.format(number=number), header.line)
    if client is None:
        try:
            with transaction.atomic():
                return create_client(
                    organisation_number=number,
                    name=header.company_name[:200] or number,
                    base_currency=header.currency,
                    bank_account=bank_account,
                    actor=actor,
                )
        except IntegrityError:  # the same new company in another import at once, which has ended by now
            if founding:
                raise ImportRefused(OF_ANOTHER_COMPANY.format(number=number), header.line) from None
            client = known.get()
    if client.base_currency != header.currency:
        told = f"the file is in {header.currency}, the company keeps its books in {client.base_currency}"
        raise ImportRefused(f"{told}: export it in that currency", header.line)
    return client


def _bank_account(header: Header, warnings: Warnings) -> str:
    """The first right one; empty where there is none. Only a new company takes it: an import moves nobody's payouts."""
    right = ""
    for number in header.bank_accounts:
        try:
            check_bank_account(number)
            right = right or number
        except ValidationError:
            told = f"the bank account {number[:40]} has not 11 digits or a wrong check digit, so it is left out"
            warnings.add("bank_account_check_digit", told, f"line {header.line}")
    return right
