"""The link to a provider: how far the reading of its list has come."""

from django.db import models


class ProviderSync(models.Model):
    """How far the reading of a provider's list has come. Belongs to no company."""

    provider = models.CharField(max_length=30, primary_key=True)
    changed_since = models.CharField(max_length=200, blank=True)
    complete_at = models.DateTimeField(null=True)  # when the last complete reading began: the time of every figure
    attempted_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease = models.BigIntegerField(default=0)  # a fencing number: a result is stored only under its own lease
    failures = models.IntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)
