"""Small SAF-T files for tests: saft(customers=[...], vouchers=[...]) gives the text, 1.30 by default."""

from decimal import Decimal


def balance(account="1500", opening="0", closing=None):
    """A BalanceAccount; account None: without AccountID."""
    named = f"<AccountID>{account}</AccountID>" if account else ""
    closing = "" if closing is None else side("Closing", closing)
    return f"<BalanceAccount>{named}{side('Opening', opening)}{closing}</BalanceAccount>"


def side(name, amount):
    which = "Credit" if Decimal(amount) < 0 else "Debit"
    return f"<{name}{which}Balance>{abs(Decimal(amount))}</{name}{which}Balance>"


def customer(number="C1", *balances, terms="", number_of="", country="", info=""):
    """A customer with these BalanceAccounts (one on 1500 by default)."""
    address = f"<Address><Country>{country}</Country></Address>" if country else ""
    registration = f"<RegistrationNumber>{number_of}</RegistrationNumber>" if number_of else ""
    terms = f"<PaymentTerms>{terms}</PaymentTerms>" if terms else ""
    return (
        f"<Customer>{registration}<Name>Customer {number}</Name>{address}<CustomerID>{number}</CustomerID>"
        f"{''.join(balances) or balance()}<PartyInfo>{terms}{info}</PartyInfo></Customer>"
    )


def account(number="1500", opening="0", closing=None):
    """A general ledger account."""
    closing = "" if closing is None else side("Closing", closing)
    return f"<Account><AccountID>{number}</AccountID>{side('Opening', opening)}{closing}</Account>"


def line(amount, account="1500", customer="", record="1", fields="", money=""):
    """A line; a negative amount is a credit. `money` stands inside the amount, `fields` after it."""
    which = "Credit" if Decimal(amount) < 0 else "Debit"
    named = f"<CustomerID>{customer}</CustomerID>" if customer else ""
    return (
        f"<Line><RecordID>{record}</RecordID><AccountID>{account}</AccountID>{named}"
        f"<{which}Amount><Amount>{abs(Decimal(amount))}</Amount>{money}</{which}Amount>{fields}</Line>"
    )


def voucher(day, *lines, number="1", fields=""):
    """A transaction."""
    return (
        f"<Transaction><TransactionID>{number}</TransactionID><TransactionDate>{day}</TransactionDate>{fields}"
        f"{''.join(lines)}</Transaction>"
    )


def sale(day, amount, customer="C1", number="1", fields=""):
    """An invoice against 3000, or with a negative amount its payment against 1920."""
    against = "3000" if Decimal(amount) > 0 else "1920"
    return voucher(
        day, line(amount, "1500", customer, "1", fields), line(-Decimal(amount), against, record="2"), number=number
    )


def saft(*, customers=(), vouchers=(), accounts=(), start="2026-01-01", end="2026-01-31", company="310000000", more=""):
    """The file's text. `more` stands in the Company."""
    return (
        '<AuditFile xmlns="urn:StandardAuditFile-Taxation-Financial:NO"><Header><AuditFileVersion>1.30</AuditFileVersion>'
        f"<Company><RegistrationNumber>{company}</RegistrationNumber><Name>Furuly Lys AS</Name>{more}</Company>"
        f"<DefaultCurrencyCode>NOK</DefaultCurrencyCode><SelectionCriteria><SelectionStartDate>{start}"
        f"</SelectionStartDate><SelectionEndDate>{end}</SelectionEndDate></SelectionCriteria></Header><MasterFiles>"
        f"<GeneralLedgerAccounts>{''.join(accounts)}</GeneralLedgerAccounts><Customers>{''.join(customers)}</Customers>"
        f"</MasterFiles><GeneralLedgerEntries><Journal><JournalID>J</JournalID>{''.join(vouchers)}</Journal>"
        "</GeneralLedgerEntries></AuditFile>"
    )
