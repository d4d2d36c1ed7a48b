"""What the bank keeps: onboardings, the access to receivables, analyses, agreements, links and tokens. Amounts in NOK."""

from decimal import Decimal

from django.db import models

FINAL = ("accepted", "rejected", "declined", "cancelled", "expired")
ZERO = Decimal("0.00")


def money(**options) -> models.DecimalField:
    """An amount in NOK with two places."""
    return models.DecimalField(max_digits=18, decimal_places=2, **options)


class Counter(models.Model):
    """One row: the number of the latest change. It gives every `sequence`, so that none is missed or comes twice."""

    value = models.BigIntegerField(default=0)


class Calendar(models.Model):
    """One row: how many days the bank's business date is ahead of the real one; the console moves it."""

    days_ahead = models.IntegerField(default=0)


class Fault(models.Model):
    """What the console asked to go wrong: of this kind, so many more times; `value` is what the kind takes, if anything."""

    kind = models.CharField(primary_key=True, max_length=30)
    left = models.IntegerField(default=0)
    value = models.IntegerField(default=0)


class Company(models.Model):
    """Standing facts of a company, as the console set them: what registers and the bank's own files would say of it."""

    organisation_number = models.CharField(primary_key=True, max_length=9)
    register_case = models.CharField(max_length=30, blank=True)  # which answer the register of signatories gives
    own_accounts = models.JSONField(default=list)  # empty: not known, and whatever account is sent counts as its own
    is_pledged = models.BooleanField(default=False)
    has_factoring = models.BooleanField(default=False)
    is_poor_credit = models.BooleanField(default=False)
    draws_wait = models.BooleanField(default=False)  # draws are ordered, and booked on the next business day


class Onboarding(models.Model):
    """A company's application (contract: Onboarding)."""

    id = models.CharField(primary_key=True, max_length=40)
    reference = models.CharField(max_length=64, unique=True)
    organisation_number = models.CharField(max_length=9, db_index=True)
    organisation_name = models.CharField(max_length=500)
    payout_account = models.CharField(max_length=11, blank=True)
    webhook_url = models.CharField(max_length=2000)
    status = models.CharField(max_length=30, default="created", db_index=True)
    reason = models.CharField(max_length=60, blank=True)
    retry_after = models.DateField(null=True)
    expires_at = models.DateTimeField()  # in the bank's business time, which the console moves
    identified_as = models.CharField(max_length=200, blank=True)
    authority_basis = models.CharField(max_length=30, blank=True)
    signed = models.JSONField(default=list)  # `sub` of those with authority who have signed
    missing_signatories = models.JSONField(default=list)
    needs_grant = models.BooleanField(default=False)
    let_in = models.CharField(
        max_length=60, blank=True
    )  # `sub` of whom a person at the bank let sign, the register being mute
    offer = models.JSONField(null=True)
    sequence = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    @property
    def is_final(self) -> bool:
        return self.status in FINAL


class Access(models.Model):
    """The bank's access to one company's receivables: a code not yet redeemed, or tokens; secrets are sealed."""

    onboarding = models.OneToOneField(Onboarding, on_delete=models.CASCADE, related_name="access")
    code = models.TextField(blank=True)
    code_expires_at = models.DateTimeField(null=True)
    token_url = models.CharField(max_length=2000)
    api_base_url = models.CharField(max_length=2000)
    access_token = models.TextField(blank=True)
    refresh_token = models.TextField(blank=True)
    access_expires_at = models.DateTimeField(null=True)
    changed_since = models.TextField(blank=True)
    base_currency = models.CharField(max_length=3, blank=True)
    read_at = models.DateTimeField(null=True)  # the last reading that succeeded
    reckoned_on = models.DateField(null=True)  # the business date of the last analysis
    nudged = models.BooleanField(default=False)
    generation = models.IntegerField(default=0)  # grows when the access is withdrawn: what was under way ends then

    @property
    def works(self) -> bool:
        return bool(self.access_token)


class Receivable(models.Model):
    """The bank's copy of an open item, as the accounting system gave it."""

    access = models.ForeignKey(Access, on_delete=models.CASCADE, related_name="receivables")
    item_id = models.CharField(max_length=200)
    data = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["access", "item_id"], name="item_unique_per_access")]


class Analysis(models.Model):
    """How a limit came about (contract: Analysis); `lines` are [receivable_id, debtor, amount, counted, reason]."""

    id = models.CharField(primary_key=True, max_length=40)
    onboarding = models.ForeignKey(Onboarding, on_delete=models.CASCADE, related_name="analyses")
    as_of = models.DateTimeField()
    outstanding = money()
    eligible = money()
    limit = money()
    exclusions = models.JSONField()
    lines = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)


class Agreement(models.Model):
    """The credit (contract: Agreement)."""

    id = models.CharField(primary_key=True, max_length=40)
    onboarding = models.OneToOneField(Onboarding, on_delete=models.PROTECT, related_name="agreement")
    status = models.CharField(max_length=30, default="offered", db_index=True)
    reason = models.CharField(max_length=60, blank=True)
    account_number = models.CharField(max_length=11, blank=True)
    needs_grant = models.BooleanField(default=False)
    limit = money(default=ZERO)
    used = money(default=ZERO)
    pending = money(default=ZERO)
    due_amount = money(null=True)
    due_date = models.DateField(null=True)
    interest_from = models.DateField(null=True)  # interest is booked up to this day, without it
    closed_to = models.DateField(null=True)  # the last business day that was closed
    as_of = models.DateTimeField()
    sequence = models.BigIntegerField(default=0, db_index=True)


class Transaction(models.Model):
    """What moved on the account; positive, the company owes more. All of them add up to `used`."""

    serial = models.BigAutoField(primary_key=True)
    id = models.CharField(max_length=40, unique=True)
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="transactions")
    kind = models.CharField(max_length=20)
    amount = money()
    balance_after = money()
    booked_on = models.DateField()
    value_date = models.DateField()
    text = models.CharField(max_length=200)
    form = models.CharField(max_length=64, unique=True, null=True)


class PendingDraw(models.Model):
    """A draw that was ordered and is not booked yet; gone once it is booked or called off."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="pending_draws")
    amount = money()
    ordered_on = models.DateField()
    form = models.CharField(max_length=64, unique=True)


class Link(models.Model):
    """A page that is opened once; only the digest of its secret is kept."""

    digest = models.CharField(primary_key=True, max_length=64)
    onboarding = models.ForeignKey(Onboarding, on_delete=models.CASCADE, null=True)
    agreement = models.ForeignKey(Agreement, on_delete=models.CASCADE, null=True)
    return_url = models.CharField(max_length=2000)
    state = models.CharField(max_length=500, blank=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class Token(models.Model):
    """A bearer token that the bank or its BankID gave; only its digest is kept."""

    digest = models.CharField(primary_key=True, max_length=64)
    kind = models.CharField(max_length=10)  # partner, userinfo
    subject = models.CharField(max_length=60)
    scope = models.CharField(max_length=200, blank=True)
    expires_at = models.DateTimeField()


class SignInCode(models.Model):
    """An authorization code of BankID test; used once, with what the token is made of."""

    digest = models.CharField(primary_key=True, max_length=64)
    request = models.JSONField()
    subject = models.CharField(max_length=60)
    auth_time = models.BigIntegerField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    token_digest = models.CharField(max_length=64, blank=True)


class Answer(models.Model):
    """The first answer under an Idempotency-Key; sealed, since it may carry a link."""

    key = models.CharField(primary_key=True, max_length=64)
    fingerprint = models.CharField(max_length=64)
    status = models.IntegerField()
    body = models.TextField(blank=True)
    created_at = models.DateTimeField(db_index=True)


class Event(models.Model):
    """A webhook on its way to the accounting system (Standard Webhooks)."""

    id = models.CharField(primary_key=True, max_length=40)
    serial = models.BigIntegerField(db_index=True)
    url = models.CharField(max_length=2000)
    body = models.TextField()
    attempts = models.IntegerField(default=0)
    next_at = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)
    copies = models.IntegerField(default=1)  # how many times it is still to be delivered
    held = models.BooleanField(default=False)  # waits for its fellows, to be sent in the wrong order
    fault = models.CharField(max_length=30, blank=True)  # what the console ordered for it
