"""The contract with a memory: a bank that knows what it has been, what it told, and which codes and states it was given."""

import json
import random
from datetime import UTC, datetime

from financing.services.transitions import ONBOARDING

from .conftest import OFFER, RECKONED, Bank, spoken

OVER = ("accepted", "rejected", "declined", "cancelled", "expired")
TROUBLES = ("down", "lost_answer", "html", "other_company", "old")
NOTHING = {"currency": "NOK", "limit": "0.00", "used": "0.00", "available": "0.00", "pending": "0.00"}
JSON = {"Content-Type": "application/json"}


class PlayingBank(Bank):
    """`trouble` is what ails it now: it does nothing, answers nothing to what it did, or says what is not so (any more)."""

    def __init__(self):
        super().__init__()
        self.forget()

    def forget(self):
        for kept in (self.onboardings, self.agreements, self.answers, self.requests):
            kept.clear()
        self.been, self.codes, self.states, self.events = set(), {}, [], []
        self.changes, self.kept, self.past, self.trouble = [], {}, {}, ""

    # What it answers.

    def take(self, method, target, headers, body):
        told = "/oauth/token" not in target
        if told and self.trouble == "html":
            return 200, {"Content-Type": "text/html"}, b"<!doctype html><title>Vedlikehold</title>"
        failed = 500, JSON, b'{"type": "about:blank", "title": "trouble", "status": 500}'
        if told and self.trouble == "down":
            return failed
        key = headers.get("Idempotency-Key")
        if key not in self.kept:
            answer = super().take(method, target, headers, body)
            if key is None:
                return self._astray(answer) if told and method == "GET" else answer
            self.kept[key] = answer
        return failed if told and self.trouble == "lost_answer" else self.kept[key]

    def _astray(self, answer):
        if self.trouble == "lost_answer":
            return 500, JSON, b"{}"
        if self.trouble == "other_company":
            return answer[0], answer[1], answer[2].replace(b'"310000000"', b'"310011118"')
        return answer

    def reply(self, method, path, query, data):
        part = path.split("/")
        if (method, path) == ("POST", "/v1/onboardings"):
            return self._begin(data)
        if path == "/v1/agreements":
            since = int(query.get("changed_since", ["0"])[0])
            changed = {one: at for at, one in enumerate(self.changes, 1) if at > since}
            items = [self._told(self.agreements[one]) for one in sorted(changed, key=changed.get)]
            if self.trouble == "old":  # what lags behind gives no newer position either
                return 200, {"items": items, "next_cursor": None, "next_changed_since": str(since)}
            return 200, {"items": items, "next_cursor": None, "next_changed_since": str(len(self.changes))}
        if method == "GET" and len(part) == 4:
            return 200, self._told((self.onboardings if part[2] == "onboardings" else self.agreements)[part[3]])
        if path.endswith("/links"):
            if self.onboardings[part[3]]["status"] in OVER:
                return problem(409)
            self.states.append((data["state"], part[3]))
            return 201, self.link()
        if path.endswith("/grant"):
            one = (self.onboardings if part[2] == "onboardings" else self.agreements)[part[3]]
            if one["status"] in (*OVER, "terminated"):
                return problem(409)
            self.codes[one["id"]] = data["code"]
            return 200, self.change(one, needs_grant=False)
        if path.endswith("/cancel"):
            one = self.onboardings[part[3]]
            if any(other["onboarding_id"] == one["id"] for other in self.agreements.values()):
                return problem(409)
            return 200, one if one["status"] in OVER else self.change(one, status="cancelled")
        if path.endswith("/disconnect"):
            return 200, self._disconnect(self.agreements[part[3]])
        return super().reply(method, path, query, data)

    def _told(self, one):
        return random.choice(self.past[one["id"]]) if self.trouble == "old" else one

    def _begin(self, data):
        living = [one for one in self.onboardings.values() if one["status"] not in OVER]
        known = [one for one in self.onboardings.values() if one["reference"] == data["reference"]] or living
        known = known or [one for one in self.agreements.values() if one["status"] != "terminated"]
        if known:
            return problem(409, onboarding_id=known[0].get("onboarding_id", known[0]["id"]))
        one = self.onboarding(data["reference"], data["organisation_number"])
        self.codes[one["id"]] = data["grant"]["code"]
        self.states.append((data["state"], one["id"]))
        self.note(one)
        return 201, {**one, "link": self.link()}

    def _disconnect(self, one):
        if one["status"] == "offered":
            self.change(self.onboardings[one["onboarding_id"]], status="cancelled")
            return self.change(one, status="terminated")
        if one["status"] in ("open", "paused"):
            return self.change(one, status="disconnected", credit={**one["credit"], "limit": "0.00"})
        return one

    # What happens to it.

    def living(self):
        return [one for one in self.onboardings.values() if one["status"] not in OVER]

    def standing(self, *statuses):
        return [one for one in self.agreements.values() if one["status"] in statuses]

    def ways(self):
        """The states that may follow the one of the onboarding that lives."""
        return sorted(ONBOARDING[self.living()[0]["status"]])

    def move_on(self, after):
        (one,) = self.living()
        values = {} if after in ("cancelled", "expired") else {"identified_as": "Dag Leder"}
        mine = [other for other in self.agreements.values() if other["onboarding_id"] == one["id"]]
        if after == "offered":
            agreement = self.agreement(one, id=f"agr-{len(self.agreements) + 1}", status="offered", account_number=None)
            values |= {"offer": OFFER, "agreement_id": agreement["id"]}
            self.note(agreement)
        self.change(one, status=after, **values)
        for agreement in mine:
            if after == "accepted":
                self.change(agreement, status="open", account_number="36241234567")
            elif after in OVER:
                self.change(agreement, status="terminated")

    def change(self, one, **values):
        one |= {**values, "sequence": one["sequence"] + 1}
        self.note(one)
        return one

    def note(self, one):
        self.been.add((one["id"], one["status"]))
        kind = "onboarding"
        if "credit" in one:
            kind = "agreement"
            one["as_of"] = datetime.now(UTC).isoformat()
            one["credit"] = {**one["credit"], "available": RECKONED}
            self.changes.append(one["id"])
        data = json.loads(json.dumps(spoken(one)))
        self.past.setdefault(one["id"], []).append(data)
        self.events.append({"type": f"{kind}.updated", "timestamp": "2026-11-24T10:00:00Z", "data": data})


def problem(status, **more):
    return status, {"type": "about:blank", "title": "no", "status": status, **more}
