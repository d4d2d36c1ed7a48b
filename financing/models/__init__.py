"""What is kept of the financing: consents, onboardings, agreements, their credit over time, who read what, and the link."""

from financing.models.agreement import Agreement, AgreementStatus, AnalysisLines, CreditSnapshot, SeenLimit
from financing.models.consent import Consent, ConsentEvent, DataAccess
from financing.models.link import (
    EventState,
    MessageKind,
    OutboxMessage,
    ProviderBreaker,
    ProviderEvent,
    ProviderSync,
    WorkerBeat,
)
from financing.models.onboarding import FINAL, Onboarding, OnboardingStatus, ReturnState

__all__ = [
    "FINAL", "Agreement", "AgreementStatus", "AnalysisLines", "Consent", "ConsentEvent", "CreditSnapshot", "DataAccess",
    "EventState", "MessageKind", "Onboarding", "OnboardingStatus", "OutboxMessage", "ProviderBreaker", "ProviderEvent",
    "ProviderSync", "ReturnState", "SeenLimit", "WorkerBeat",
]  # fmt: skip
