"""What the demo companies are made of. Every name and number is invented; dates are as seen on the day they were drawn for."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

DRAWN_FOR = date(2026, 11, 24)
OPENED = "2026-01-01"  # the first day of the books; what was open before stands as an opening balance


@dataclass(frozen=True)
class Buyer:
    """A customer of a demo company."""

    number: str
    name: str
    organisation_number: str = ""
    country: str = "NO"
    private_person: bool = False
    related_party: bool = False


@dataclass(frozen=True)
class Payment:
    """A payment of an invoice; of all that is left of it where no amount is given."""

    voucher: int
    on: str
    amount: str = ""


@dataclass(frozen=True)
class Item:
    """One line of the customer ledger, with the payments that settle it."""

    customer: str
    voucher: int
    on: str
    amount: str
    kind: str = "invoice"
    invoice: str = ""
    due: str = ""
    payments: tuple[Payment, ...] = ()
    currency: str = "NOK"
    currency_amount: str = ""
    disputed: bool = False
    in_collection: bool = False


@dataclass(frozen=True)
class Company:
    """A demo company. `difference` is what its sub-ledger has more than its control account, from that day on."""

    number: str
    name: str
    bank_account: str
    roles: dict[str, str]
    customers: tuple[Buyer, ...] = ()
    items: tuple[Item, ...] = ()
    difference: str = ""
    difference_on: str = ""


def _invoice(customer: str, voucher: int, number: str, on: str, due: str, amount: str, *paid: Payment, **more) -> Item:
    return Item(customer, voucher, on, amount, "invoice", number, due, paid, **more)


_FURULY_CUSTOMERS = (
    Buyer("10012", "Tindra Installasjon AS", "310001015"),
    Buyer("10027", "Havblikk Kontorpartner AS", "310001120"),
    Buyer("10031", "Hotell Stjernefjord AS", "310001236"),
    Buyer("10044", "Granhei kommune", "310001341"),
    Buyer("10058", "Lampekroken Interiør"),
    Buyer("10063", "Øyvang Eiendomsdrift AS", "310001457"),
    Buyer("10071", "Fjellro borettslag", "310001562"),
    Buyer("10079", "Kari Nordmann", private_person=True),
    Buyer("10085", "Brattli Båt og Brygge AS", "310001678"),
    Buyer("10091", "Ljushuset Norrvik AB", country="SE"),
    Buyer("10102", "Solgløtt Barnehage SA", "310001783"),
)

_FURULY_ITEMS = (
    # open
    _invoice("10012", 1774, "4268", "2026-10-13", "2026-11-12", "42350.00"),
    _invoice("10012", 1821, "4287", "2026-11-02", "2026-12-02", "84200.00"),
    _invoice("10012", 1848, "4293", "2026-11-12", "2026-12-12", "62437.50"),
    _invoice("10027", 1719, "4252", "2026-09-14", "2026-10-14", "28900.00", Payment(1802, "2026-10-22", "10000.00")),
    _invoice("10027", 1841, "4291", "2026-11-10", "2026-12-10", "96400.00"),
    Item("10027", 1855, "2026-11-16", "-5000.00", "payment"),
    _invoice("10031", 1652, "4231", "2026-08-14", "2026-09-13", "8650.00"),
    _invoice("10031", 1706, "4249", "2026-09-07", "2026-10-07", "12400.00", disputed=True),
    _invoice("10031", 1767, "4266", "2026-10-09", "2026-11-08", "27812.50"),
    _invoice("10031", 1816, "4284", "2026-10-30", "2026-11-29", "61250.00"),
    _invoice("10044", 1856, "4295", "2026-11-16", "2026-12-16", "142000.00"),
    _invoice("10058", 1604, "4212", "2026-07-29", "2026-08-12", "23750.00", in_collection=True),
    _invoice("10058", 1832, "4289", "2026-11-05", "2026-11-19", "9300.00"),
    _invoice("10063", 1758, "4264", "2026-10-06", "2026-11-05", "31200.00"),
    _invoice("10063", 1860, "4296", "2026-11-17", "2026-12-17", "78900.00"),
    Item("10063", 1834, "2026-11-06", "-12600.00", "credit_note", "4290"),
    _invoice("10071", 1863, "4297", "2026-11-18", "2026-12-18", "24375.00"),
    Item("10071", 1001, "2025-12-31", "7480.00", "opening_balance"),
    _invoice("10079", 1701, "4240", "2026-09-04", "2026-09-18", "4400.00"),
    _invoice("10085", 1877, "4298", "2026-11-24", "2026-12-24", "36812.50"),
    _invoice("10091", 1809, "4281", "2026-10-27", "2026-11-26", "28140.00", currency="EUR", currency_amount="2400.00"),
    Item("10102", 1868, "2026-11-19", "-3200.00", "payment"),
    # settled
    _invoice("10012", 1104, "4031", "2026-02-10", "2026-03-12", "58125.00", Payment(1188, "2026-03-11")),
    _invoice("10044", 1139, "4044", "2026-02-24", "2026-03-26", "96500.00", Payment(1216, "2026-03-26")),
    _invoice(
        "10027", 1251, "4079", "2026-04-13", "2026-05-13", "33600.00",
        Payment(1319, "2026-05-12", "20000.00"), Payment(1362, "2026-06-02"),
    ),
    _invoice("10063", 1304, "4098", "2026-05-06", "2026-06-05", "71250.00", Payment(1391, "2026-06-17")),
    _invoice("10031", 1377, "4126", "2026-06-09", "2026-07-09", "45900.00", Payment(1488, "2026-07-08")),
    _invoice("10085", 1451, "4151", "2026-06-24", "2026-07-24", "18062.50", Payment(1597, "2026-07-28")),
    _invoice("10102", 1618, "4218", "2026-08-03", "2026-09-02", "12800.00", Payment(1694, "2026-09-01")),
    _invoice("10079", 1631, "4224", "2026-08-07", "2026-08-21", "3150.00", Payment(1672, "2026-08-25")),
    _invoice("10012", 1679, "4237", "2026-08-27", "2026-09-26", "49875.00", Payment(1744, "2026-09-28")),
    _invoice("10071", 1812, "4282", "2026-10-28", "2026-11-27", "18450.00", Payment(1876, "2026-11-24")),
)  # fmt: skip

FURULY = Company(
    "310000000",
    "Furuly Lys AS",
    "97101100018",
    {"ada": "administrator", "dag": "daglig_leder", "rita": "regnskapsforer", "rolf": "revisor", "stine": "standard"},
    _FURULY_CUSTOMERS,
    _FURULY_ITEMS,
    difference="1250.00",
    difference_on="2026-10-31",
)


def _alike(number: int, item: Item) -> Item:
    """The same line in the look-alike's books: numbers a thousand higher, amounts a little larger, each by its own bit."""

    def larger(amount: str) -> str:
        more = Decimal("1.01") * (number + 1)
        return str(Decimal(amount) + (more if Decimal(amount) > 0 else -more)) if amount else ""

    return replace(
        item,
        voucher=item.voucher + 1000,
        invoice=str(int(item.invoice) + 1000) if item.invoice else "",
        amount=larger(item.amount),
        currency_amount=larger(item.currency_amount),
        payments=tuple(replace(one, voucher=one.voucher + 1000) for one in item.payments),
    )


# Same customers, same days, nearly the same amounts: whatever crosses from one company to the other is seen at once.
FURULIA = Company(
    "310011118",
    "Furulia Lys AS",
    "99990600011",
    {"vera": "administrator", "rita": "regnskapsforer"},
    _FURULY_CUSTOMERS,
    tuple(_alike(number, item) for number, item in enumerate(_FURULY_ITEMS)),
)

FJORDLYS = Company(
    "310022225",
    "Fjordlys Sveis AS",
    "15031100116",
    {"ada": "administrator", "dag": "daglig_leder"},
    (
        Buyer("20001", "Skarvøy Mekaniske AS", "310002003"),
        Buyer("20002", "Tussvik Havbruk AS", "310002100"),
        Buyer("20003", "Steinrabben Anlegg AS", "310002208"),
        Buyer("20004", "Kvitnes Rørdeler AS", "310002291"),
        Buyer("20005", "Eldhaug Gjerdefabrikk AS", "310002399"),
        Buyer("20006", "Ola Nordmann", private_person=True),
    ),
    (
        _invoice("20001", 611, "901", "2026-10-19", "2026-11-18", "37500.00"),
        _invoice("20001", 640, "915", "2026-11-16", "2026-12-16", "21875.00"),
        _invoice("20002", 615, "903", "2026-10-22", "2026-11-21", "44250.00"),
        _invoice("20003", 622, "906", "2026-10-29", "2026-11-28", "52000.00", Payment(648, "2026-11-19", "12000.00")),
        _invoice("20003", 588, "893", "2026-09-15", "2026-10-15", "9375.00"),
        _invoice("20004", 633, "911", "2026-11-09", "2026-12-09", "18625.00"),
        _invoice("20005", 636, "913", "2026-11-12", "2026-12-12", "29800.00"),
        Item("20005", 645, "2026-11-18", "-1800.00", "credit_note", "917"),
        _invoice("20006", 629, "909", "2026-11-04", "2026-11-18", "6250.00"),
        _invoice("20002", 402, "842", "2026-05-18", "2026-06-17", "31000.00", Payment(455, "2026-06-16")),
        _invoice("20004", 467, "858", "2026-06-29", "2026-07-29", "14250.00", Payment(503, "2026-08-03")),
    ),
)

COMPANIES = (FURULY, FURULIA, FJORDLYS)
