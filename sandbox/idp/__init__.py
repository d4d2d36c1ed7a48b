"""BankID test: an OpenID Connect provider (code flow with PKCE, ES256)."""
