"""What stands of a consent, worked out from its events alone; it must equal what is stored on the consent itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from financing.models import Consent, ConsentEvent


@dataclass(frozen=True)
class Record:
    """The facts of a consent that happen in time."""

    given_at: datetime | None = None
    given_by: int | None = None
    given_by_role: str = ""
    text_sha256: str = ""
    valid_until: datetime | None = None
    confirmed_by: str = ""
    activated_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str = ""
    ended_by: int | None = None
    superseded_by: UUID | None = None


def record_of(consent: Consent) -> Record:
    """As it is stored."""
    return Record(
        consent.given_at, consent.given_by_id, consent.given_by_role, consent.text_sha256, consent.valid_until,
        consent.confirmed_by, consent.activated_at, consent.ended_at, consent.end_reason, consent.ended_by_id,
        consent.superseded_by_id,
    )  # fmt: skip


def record_from(events: Iterable[ConsentEvent]) -> Record:
    """As its events tell it, oldest first. The first end counts, the last confirmation, the first activation."""
    known: dict[str, object] = {}
    for one in events:
        if one.event == "given":
            end, role = one.details.get("valid_until"), one.details.get("role", "")
            known |= {
                "given_at": one.at, "given_by": one.actor_id, "given_by_role": role,
                "text_sha256": one.details["sha256"], "valid_until": datetime.fromisoformat(end) if end else None,
            }  # fmt: skip
        elif one.event == "confirmed":
            known["confirmed_by"] = one.details["name"]
        elif one.event == "activated":
            known.setdefault("activated_at", one.at)
        elif one.event.startswith("ended:") and "ended_at" not in known:
            follower = one.details.get("superseded_by")
            known |= {
                "ended_at": one.at, "end_reason": one.event.removeprefix("ended:"), "ended_by": one.actor_id,
                "superseded_by": UUID(follower) if follower else None,
            }  # fmt: skip
    return Record(**known)  # type: ignore[arg-type]
