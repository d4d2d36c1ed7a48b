"""How the generated secrets of providers are kept: salted and hashed once, since 256 random bits need no stretching."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class GeneratedSecretHasher(PBKDF2PasswordHasher):
    """PBKDF2 with one round. Never for what a person chooses: there are no passwords in this product."""

    algorithm = "generated"
    iterations = 1
