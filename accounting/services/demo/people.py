"""The demo's people: who they are, and adding them to a company."""

from access.models import Client, Membership
from access.services import add_member, known_person

OPERATOR = "otto"
NAMES = {
    "ada": "Ada Administrator",
    "dag": "Dag Leder",
    "rita": "Rita Regnskap",
    "rolf": "Rolf Revisor",
    "stine": "Stine Standard",
    OPERATOR: "Otto Operatør",
    "vera": "Vera Vest",
}


def add_people(*, client: Client, roles: dict[str, str]) -> int:
    """Make these people (subject: role) members where they are not; how many were added. A member keeps her role."""
    known_person(subject=OPERATOR, name=NAMES[OPERATOR], is_superuser=True)
    added = 0
    for subject, role in roles.items():
        person = known_person(subject=subject, name=NAMES[subject])
        if not Membership.objects.filter(client=client, user=person).exists():
            add_member(client=client, user=person, role_key=role)
            added += 1
    return added
