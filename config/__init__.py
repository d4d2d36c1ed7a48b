"""Wiring: settings, addresses, processes. Knows every app; nothing but the entry points imports it."""

from config.celery import app

__all__ = ["app"]
