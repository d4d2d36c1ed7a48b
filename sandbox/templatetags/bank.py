"""Amounts in the bank's templates."""

from decimal import Decimal

from django import template

from sandbox.pages.words import money

register = template.Library()


@register.filter
def kr(value: Decimal) -> str:
    """An amount in NOK as a person reads it."""
    return money(value)


@register.filter
def kr_text(value: str) -> str:
    """The same for the contract's decimal string."""
    return money(Decimal(value))


@register.filter
def percent(value: object) -> str:
    """A percentage as the contract gives it, with a comma."""
    return str(value).replace(".", ",")
