"""Amounts as the bank's pages write them."""

from decimal import Decimal

from django import template

register = template.Library()


@register.filter
def nok(value: Decimal) -> str:
    """1 234,50 with thin spaces, a comma and a true minus."""
    text = f"{abs(value):,.2f}".replace(",", "\u2009").replace(".", ",")
    return f"\u2212{text}" if value < 0 else text
