"""How each person has arranged her dashboard in each company."""

from django.db import models

from access.models import User
from access.tenancy import ClientOwned


class Arrangement(ClientOwned):
    """One person's order of widgets and those she hid; no row, or an empty order, is the order they come in.

    `order` names every widget there was when she saved, also those that she may not see: a right that comes back finds
    its place. PostgreSQL holds the pair to a membership, and takes the row away with it.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    order = models.JSONField(default=list)
    hidden = models.JSONField(default=list)

    class Meta(ClientOwned.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["client", "user"], name="arrangement_unique_per_person")]
