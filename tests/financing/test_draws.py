"""Draws as the credit's history shows them, told to the books: a payment that equals one is proposed as a loan."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from access.tenancy import client_scope
from accounting.hooks import loan_draws
from accounting.models import BankReceipt
from accounting.unidentified import waiting_payments

from .test_credit import agreed, sync, told  # noqa: F401  a fixture

pytestmark = pytest.mark.django_db


def test_what_is_used_or_on_its_way_more_than_before_is_a_draw(company, agreed):  # noqa: F811
    told(agreed, pending="5000.00", available="57000.00")
    sync()
    told(agreed, used="25000.00", pending="0.00", available="37000.00")
    sync()
    told(agreed, used="1000.00", available="61000.00")  # a repayment is none
    sync()
    with client_scope(company):
        amounts = {str(one.amount) for one in loan_draws(company)}
        assert amounts == {"5000.00", "25000.00", "20000.00"}
        day = timezone.localdate() + timedelta(days=1)
        for n, amount in enumerate(("20000.00", "19999.00"), start=1):
            BankReceipt.objects.for_client(company).create(
                account="1", booked_on=day, amount=Decimal(amount), currency="NOK", number=n
            )
        shown, _, _ = waiting_payments(company, 1)
        assert {(str(one.receipt.amount), one.is_draw) for one in shown} == {("20000.00", True), ("19999.00", False)}
