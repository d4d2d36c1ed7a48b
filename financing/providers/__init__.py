"""The banks we talk to: frozen dataclasses in, frozen dataclasses out; no models and no request in here."""
