"""The dashboard and its setup as a browser meets them, in few words."""

import re

from access.models import Role
from access.privileges import FINANCING
from access.services import change_role
from access.tenancy import client_scope
from dashboard.models import Arrangement

HOME = "/klient/310000000/"
SETUP = HOME + "dashboard/oppsett"
BY_SCRIPT = {"HX-Request": "true"}
ALL = ["financing", "receivables", "unpaid_invoices"]


def shown(client, address=HOME):
    """The keys of the widgets on the dashboard, in their order."""
    answer = client.get(address)
    assert answer.status_code == 200
    return re.findall(r'<h2 id="widget-(\w+)"', answer.content.decode())


def listed(client):
    """(key, whether it is ticked) of each line of the setup."""
    page = client.get(SETUP).content.decode()
    return [(key, "checked" in rest) for key, rest in re.findall(r'name="vis" value="(\w+)"([^>]*)>', page)]


def save(client, order, visible):
    answer = client.post(SETUP, {"plass": order, "vis": visible, "lagre": "1"})
    assert (answer.status_code, answer["Location"]) == (302, HOME)


def do(client, key, what, **headers):
    return client.post(f"{HOME}dashboard/{key}/endre", {"gjor": what}, headers=headers)


def stored(company, user):
    with client_scope(company):
        return Arrangement.objects.for_client(company).filter(user=user).values_list("order", "hidden").first()


def set_financing(company, actor, role, level):
    change_role(role=Role.objects.get(client=company, key=role), levels={FINANCING: level}, actor=actor)
