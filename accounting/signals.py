"""What the books tell the rooms to the left, without knowing them."""

from django.dispatch import Signal

# Sent with `client` by whatever writes to a company's customer ledger, at its end, in its transaction and scope; once for a
# whole import. Not sent where nothing changed.
ledger_changed = Signal()
