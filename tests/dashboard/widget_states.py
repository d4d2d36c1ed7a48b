"""Every state of the financing widget as rows in the database, with the words, figures and doings that it must show.

`STATES` is name: (put the rows, words in Norwegian, words in English). Amounts are written as on the page, with
ordinary spaces.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from access.tenancy import client_scope
from financing.models import Agreement, Consent, CreditSnapshot, Onboarding, ProviderSync, SeenLimit
from tests.accounting.factories import Books
from tests.dashboard.financed import OFFER, agreement, onboarding

D = Decimal


def analysis(identity, outstanding, exclusions, limit, eligible=None):
    """As it is kept: amounts as strings."""
    eligible = eligible or str(D(outstanding) - sum((D(amount) for _reason, _count, amount in exclusions), D(0)))
    return {
        "id": identity, "as_of": timezone.now().isoformat(), "outstanding": outstanding, "eligible": eligible,
        "advance_rate_percent": "80", "limit": limit,
        "exclusions": [{"reason": r, "count": c, "amount": a} for r, c, a in exclusions],
    }  # fmt: skip


BEFORE = analysis("ana-1", "700000.00", [("overdue", 1, "12500.00"), ("concentration", 1, "40000.00")], "518000.00")
AFTER = analysis("ana-2", "640987.50", [("overdue", 1, "12500.00"), ("concentration", 1, "54753.13")], "459000.00")


def snapshot(one, days, **values):
    """A line of the history, told so many days ago."""
    at = timezone.now() - timedelta(days=days)
    kept = {
        name: getattr(one, name) for name in ("status", "currency", "limit", "used", "available", "pending")
    } | values
    with client_scope(one.client):
        count = CreditSnapshot.objects.for_client(one.client).count()
        return CreditSnapshot.objects.for_client(one.client).create(
            agreement=one, as_of=at, recorded_at=at, **{"sequence": count + 1, **kept}
        )


def drawn(client, status="open", **values):
    """An agreement with an account on which 182 396.96 is used of 518 000.00."""
    given = {"account_number": "36241234567", "limit": "518000.00", "used": "182396.96"} | values
    one = agreement(client, status, **given)
    if status != "open":  # as the contract says
        one.available = D(0)
        with client_scope(client):
            one.save(update_fields=["available"])
    ProviderSync.objects.update_or_create(provider="buffer", defaults={"complete_at": timezone.now()})
    return one


def changed(client, **values):
    with client_scope(client):
        Agreement.objects.for_client(client).update(**values)


def at(days):
    return timezone.localdate() + timedelta(days=days)


def when(days):
    return timezone.localtime() + timedelta(days=days)  # its day is the one that pages show


def written(day):
    return day.strftime("%d.%m.%Y")


def checked(client, status, **values):
    """A check whose consent the bank's code has activated."""
    one = onboarding(client, status, read_at=timezone.now(), expires_at=when(14), **values)
    with client_scope(client):
        Consent.objects.for_client(client).update(activated_at=timezone.now())
    return one


def offer(days, **values):
    return OFFER | {"limit": "518000.00", "expires_at": when(days).isoformat()} | values


def offered(client, days=30, accepted=False):
    """An agreement that is only offered."""
    one = agreement(client, "offered", "accepted" if accepted else "offered", limit="518000.00")
    with client_scope(client):
        Agreement.objects.for_client(client).update(available=0)
        Onboarding.objects.for_client(client).update(offer=offer(days))
    return one


def _replaced(client):
    offered(client)
    with client_scope(client):
        Onboarding.objects.for_client(client).update(replaced_offer=offer(20, limit="400000.00"))


def _changed_limit(client):
    one = drawn(client, limit="459000.00", analysis=AFTER)
    snapshot(one, 2, limit=D("518000.00"), analysis=BEFORE)
    snapshot(one, 0, analysis=AFTER)


def _saw(client, user, limit, days=1):
    with client_scope(client):
        one = Agreement.objects.for_client(client).get()
        SeenLimit.objects.for_client(client).create(
            user=user, agreement=one, limit=D(limit), first_at=when(-days), last_at=when(-days), limit_before=D(limit),
            before_at=when(-days),
        )  # fmt: skip


def _stale(client, **values):
    drawn(client, **values)
    long_ago = timezone.now() - timedelta(hours=3, minutes=5)
    ProviderSync.objects.update_or_create(
        provider="buffer", defaults={"complete_at": long_ago, "attempted_at": timezone.now()}
    )
    changed(client, read_at=long_ago)


def _withdrawn(client, used="182396.96"):
    drawn(client, "disconnected", limit="0.00", used=used, due_amount=D(used) if used != "0.00" else None,
          due_date=at(30) if used != "0.00" else None)  # fmt: skip
    with client_scope(client):
        Consent.objects.for_client(client).update(ended_at=timezone.now(), end_reason="withdrawn")


def _rejected(client):
    checked(client, "rejected", reason="too_few_receivables", retry_after=at(30))
    books = Books(client)
    books.customer("10001", "Lampekroken Interiør")
    books.invoice("10001", at(-10), "23750.00", due=at(20))
    books.invoice("10001", at(-10), "9300.00", due=at(20))


def _ended(client):
    one = drawn(client, "terminated", limit="0.00", used="0.00")
    snapshot(one, 1)


def _lapsed(client):
    drawn(client)
    with client_scope(client):
        Consent.objects.for_client(client).update(valid_until=when(-1))


@dataclass(frozen=True)
class Case:
    """`put(client)` makes the rows; `saw`: the limit that the person saw yesterday."""

    put: object
    nb: tuple
    en: tuple
    actions: tuple = ()
    no: tuple = ()
    saw: str = ""
    amounts: tuple = field(default=())


MANAGE, STATUS, SETTINGS = (
    "fakturafinansiering/administrer",
    "fakturafinansiering/status",
    "innstillinger/fakturafinansiering/",
)
THREE = ("Kredittgrense", "Benyttet", "Tilgjengelig")

STATES = {
    "check_begun": Case(
        lambda c: checked(c, "identified"),
        ("Sjekk påbegynt", "Sjekken ble startet"),
        ("Check begun",),
        ("fakturafinansiering/",),
    ),
    "analysing": Case(lambda c: checked(c, "analysing"), ("Analyserer", "Buffer arbeider"), ("Analysing",), (STATUS,)),
    "awaiting_cosigner": Case(
        lambda c: checked(c, "awaiting_cosigner", identified_as="Dag Leder", missing_signatories=["Vera Vest"]),
        ("Dag Leder har signert", "Vera Vest mangler", "1 signatur mangler", written(when(14))),
        ("Dag Leder has signed", "Vera Vest is missing"),
        (STATUS,),
    ),
    "authority_missing": Case(
        lambda c: checked(c, "authority_missing"),
        ("Fullmakt mangler",),
        ("Authority missing",),
        ("fakturafinansiering/",),
    ),
    "authority_unresolved": Case(lambda c: checked(c, "authority_unresolved"), ("Vurderes",), ("Being examined",)),
    "unknown": Case(
        lambda c: checked(c, "accepted"), ("Ikke tilgjengelig", *THREE), ("Not available",), (STATUS,), no=("0,00",)
    ),
    "offer": Case(
        lambda c: offered(c),
        ("Tilbud klart", "Låneramme", "Tilbudet gjelder til", "i 30 dager til", written(when(30))),
        ("Offer ready",),
        ("fakturafinansiering/",),
        amounts=("518 000,00",),
        no=("administrer",),
    ),
    "offer_soon": Case(
        lambda c: offered(c, 2), ("Utløper snart", "i 2 dager til"), ("Ends soon",), amounts=("518 000,00",)
    ),
    "offer_expired": Case(
        lambda c: offered(c, -1),
        ("Tilbud utløpt", "Ingenting er lånt"),
        ("Offer ended",),
        ("fakturafinansiering/?ny=1",),
        no=("518 000,00",),
    ),
    "offer_replaced": Case(
        _replaced, ("Nytt tilbud", "erstattet det forrige"), ("New offer",), amounts=("518 000,00", "400 000,00")
    ),
    "no_account": Case(
        lambda c: offered(c, accepted=True),
        ("Tilkoblet", "Bufferkontoen er ikke åpnet", "Åpne Bufferkonto"),
        ("Connected", "Open the Buffer account"),
        amounts=("518 000,00",),
        no=("administrer",),
    ),
    "unused": Case(
        lambda c: drawn(c, used="0.00"),
        ("Aktiv", "Ingenting er benyttet", *THREE),
        ("Active", "Nothing is used"),
        (MANAGE,),
        amounts=("518 000,00", "0,00"),
    ),
    "partly": Case(
        lambda c: drawn(c),
        ("Aktiv", "Administrer avtale", *THREE),
        ("Active",),
        (MANAGE,),
        amounts=("335 603,04", "182 396,96", "518 000,00"),
    ),
    "full": Case(
        lambda c: drawn(c, used="518000.00"),
        ("Fullt benyttet", *THREE),
        ("Fully used",),
        (MANAGE,),
        amounts=("0,00", "518 000,00"),
    ),
    "changed": Case(
        _changed_limit,
        (
            "Kredittgrensen er redusert med 59 000,00",
            "Endret siden du så den sist",
            written(when(-1)),
            "Utestående kundefordringer",
            "For stor andel på én kunde",
            "Belåning og avrunding",
        ),
        ("The credit limit fell by 59 000,00", "since you last saw it"),
        (SETTINGS + "#analysis",),
        saw="518000.00",
        amounts=("276 603,04", "459 000,00", "−59 012,50", "−14 753,13", "+14 765,63"),
    ),
    "changed_up": Case(
        lambda c: drawn(c),
        ("Kredittgrensen har økt med 18 000,00",),
        ("The credit limit rose by 18 000,00",),
        (MANAGE,),
        saw="500000.00",
        amounts=("500 000,00", "518 000,00"),
    ),
    "pending": Case(
        lambda c: (drawn(c), changed(c, pending=D(100000), available=D("235603.04"))),
        ("Uttak på 100 000,00 er bestilt", "Ikke bokført hos Buffer ennå", "Bestilt uttak"),
        ("A draw of 100 000,00 is ordered",),
        (MANAGE,),
        amounts=("235 603,04",),
    ),
    "over": Case(
        lambda c: drawn(c, limit="160000.00", due_amount=D("22396.96"), due_date=at(14)),
        ("Over kredittgrensen med", f"Betal 22 396,96 innen {written(at(14))}", "Tilbakebetal", *THREE),
        ("Over the credit limit by", "Repay"),
        (MANAGE, SETTINGS + "#last-change"),
        amounts=("22 396,96", "160 000,00"),
        no=("−22 396,96",),
    ),
    "over_without_due": Case(
        lambda c: drawn(c, limit="160000.00"),
        ("Buffer har ikke sagt når det må betales",),
        ("Buffer has not said when",),
        (MANAGE,),
        amounts=("22 396,96",),
        no=("−22 396,96",),
    ),
    "overdue": Case(
        lambda c: drawn(c, limit="160000.00", due_amount=D("22396.96"), due_date=at(-1)),
        ("Forfalt", f"Skulle vært betalt innen {written(at(-1))}", "over kredittgrensen med 22 396,96", *THREE),
        ("Overdue",),
        (MANAGE,),
        amounts=("22 396,96",),
    ),
    "paused_no_data": Case(
        lambda c: drawn(c, "paused", reason="no_data"),
        (
            "Pauset",
            "Ingen nye uttak nå",
            "får ikke lest kundefordringene",
            "Kredittgrensen står",
            "Gi tilgang på nytt",
            *THREE,
        ),
        ("Paused",),
        (MANAGE,),
        amounts=("518 000,00",),
    ),
    "paused_by_bank": Case(
        lambda c: drawn(c, "paused", reason="bank_decision"),
        ("Pauset", "Spør Buffer om grunnen"),
        ("Ask Buffer why",),
        (MANAGE,),
        amounts=("518 000,00",),
    ),
    "stale": Case(
        _stale,
        (
            "Gamle tall",
            "Buffer svarer ikke",
            "Tallene er 3 timer gamle",
            "Prøv igjen nå",
            "Sist oppdatert",
            "Sist forsøkt",
        ),
        ("Old figures", "The figures are 3 hours old", "Try again now"),
        ("fakturafinansiering/oppdater", MANAGE),
        amounts=("335 603,04", "182 396,96", "518 000,00"),
    ),
    "stale_over": Case(
        lambda c: _stale(c, limit="160000.00", due_amount=D("22396.96"), due_date=at(14)),
        ("Gamle tall", "Over kredittgrensen med", "Buffer ba om", written(at(14))),
        ("Old figures",),
        ("fakturafinansiering/oppdater",),
        amounts=("22 396,96",),
    ),
    "disconnected_debt": Case(
        _withdrawn,
        (
            "Frakoblet",
            "Må tilbakebetales",
            "Frist",
            written(at(30)),
            "Buffer leser ikke lenger",
            "ikke sagt opp",
            *THREE,
        ),
        ("Disconnected", "Must be repaid"),
        (MANAGE,),
        amounts=("182 396,96", "0,00"),
    ),
    "disconnected": Case(
        lambda c: _withdrawn(c, "0.00"),
        ("Frakoblet", "Ingenting er skyldig"),
        ("Disconnected", "Nothing is owed"),
        no=("Tilbakebetal", "Må tilbakebetales"),
    ),
    "terminating": Case(
        lambda c: drawn(c, "terminating", limit="0.00", due_amount=D("182396.96"), due_date=at(30)),
        ("Sagt opp", "Gjenstår å betale", "Ingen nye uttak", written(at(30))),
        ("Terminated", "Remains to be paid"),
        (MANAGE,),
        amounts=("182 396,96",),
    ),
    "terminated": Case(
        _ended,
        ("Avsluttet", "Avtalen er avsluttet", "Legg bort"),
        ("The agreement is over",),
        ("fakturafinansiering/legg-bort", SETTINGS + "historikk"),
        no=("administrer", "0,00"),
    ),
    "lapsed": Case(
        _lapsed, ("Tilgang utløpt", "Tilgangen gikk ut"), ("Access expired",), (MANAGE,), amounts=("518 000,00",)
    ),
    "consent_soon": Case(
        lambda c: drawn(c, valid_days=20),
        ("Aktiv", "Tilgangen til kundefordringene går ut", "Forny tilgangen", written(when(20))),
        ("Active", "Renew it"),
        (MANAGE,),
        amounts=("518 000,00",),
    ),
    "rejected": Case(
        _rejected,
        ("Ikke tilbud", "2 poster mangler organisasjonsnummer", written(at(30))),
        ("No offer",),
        (SETTINGS + "#missing",),
    ),
    "declined": Case(lambda c: checked(c, "declined"), ("Takket nei",), ("Declined",), ("fakturafinansiering/?ny=1",)),
    "expired": Case(lambda c: checked(c, "expired"), ("Utløpt",), ("Expired",), ("fakturafinansiering/?ny=1",)),
}
SAW = _saw
