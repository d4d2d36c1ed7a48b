"""What becomes of an invoice: one function per plot of `shape.PLOTS`, each giving entries and what settles what. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from accounting.models import Kind
from accounting.services.demo import shape
from accounting.services.demo.companies import Buyer
from accounting.services.demo.days import DAY, Days, euro_rate, working

ORE, ZERO = Decimal("0.01"), Decimal("0.00")
# What is sold: kroner and øre without tax, so that some invoices come out uneven.
_ORE_PARTS = tuple(map(Decimal, ("0", "0", "0", "0.40", "0.50", "0.72", "0.90")))
_VAT = Decimal("1.25")


@dataclass(frozen=True)
class Payer:
    """A customer, and what stays the same of it: when it pays, on what terms it buys, how much, where it belongs."""

    buyer: Buyer
    temper: shape.Temper
    term: int
    often: int
    typical: int
    department: str
    currency: str = "NOK"


@dataclass(eq=False, slots=True)
class Line:
    """An entry before it has its numbers. Amounts signed, debits positive; `currency_amount` in the payer's currency.

    `of` is the line it is about: what a payment pays, a credit note credits, a fee reminds of; of the second and later
    instalments the first.
    """

    payer: Payer
    kind: Kind
    on: date
    amount: Decimal
    currency_amount: Decimal
    due: date | None = None
    project: str = ""
    of: "Line | None" = None
    disputed: bool = False
    in_collection: bool = False
    voucher: int = 0
    part: int = 1
    invoice_number: str = ""
    kid: str = ""
    cross_reference: str = ""


@dataclass(frozen=True, slots=True)
class Settlement:
    """That a credit settles so much of a debit: in kroner, and of each in its own currency; all positive."""

    debit: Line
    credit: Line
    amount: Decimal
    currency_amount: Decimal


@dataclass
class Story:
    """One plot played out with one payer, as far as it has come by `today`: what would be later is left out."""

    payer: Payer
    issued: date
    today: date
    rng: Random
    lines: list[Line] = field(default_factory=list)
    settlements: list[Settlement] = field(default_factory=list)

    def debit(self, kind: Kind, on: date, amount: Decimal, *, due: date | None = None, of: Line | None = None) -> Line:
        """A line of the payer in kroner, noted."""
        line = Line(self.payer, kind, on, amount, amount, due, of.project if of else "", of)
        self.lines.append(line)
        return line

    def invoice(self, *, on: date | None = None, amount: Decimal | None = None) -> Line:
        """An invoice in kroner, due on the payer's terms."""
        on = on or self.issued
        line = self.debit(Kind.INVOICE, on, amount or self.amount(), due=on + DAY * self.payer.term)
        line.project = self.project()
        return line

    def amount(self) -> Decimal:
        """What is invoiced once, with tax."""
        kroner = max(int(self.payer.typical * self.rng.lognormvariate(0, 0.6)), 240)
        return ((kroner + self.rng.choice(_ORE_PARTS)) * _VAT).quantize(ORE, ROUND_HALF_UP)

    def project(self) -> str:
        """That of what is invoiced, mostly none."""
        return self.rng.choice(shape.PROJECTS) if self.rng.randrange(100) < shape.WITH_PROJECT else ""

    def payday(self, due: date) -> date:
        """When the payer pays what is due on that day, by its temper; never before the day after the first invoice."""
        temper = self.payer.temper
        return working(max(due + DAY * self.rng.randint(temper.first, temper.last), self.issued + DAY))

    def later(self, day: date, first: int, last: int) -> date:
        """A working day so many days after."""
        return working(day + DAY * self.rng.randint(first, last))

    def part(self, amount: Decimal, *per_cent: int) -> Decimal:
        """One of these shares of an amount, in whole kroner."""
        return (amount * self.rng.choice(per_cent) / 100).quantize(Decimal(1), ROUND_HALF_UP).quantize(ORE)

    def settle(self, on: date, *shares: tuple[Line, Decimal], kind: Kind = Kind.PAYMENT) -> None:
        """One credit on that day for these amounts of these debits; none where the day has not come."""
        if on > self.today:
            return
        whole = sum((amount for _, amount in shares), ZERO)
        first = shares[0][0]
        of = first if len(shares) == 1 or shares[1][0].kind != Kind.INVOICE else None
        credit = Line(self.payer, kind, on, -whole, -whole, project=first.project, of=of)
        self.lines.append(credit)
        self.settlements += [Settlement(debit, credit, amount, amount) for debit, amount in shares]

    def pay(self, *debits: Line, on: date | None = None) -> None:
        """All of them in one payment, when the payer pays what is due last."""
        day = on or self.payday(max(one.due or one.on for one in debits))
        self.settle(day, *((one, one.amount) for one in debits))


def tell(plot: shape.Plot, *, payer: Payer, issued: date, days: Days, rng: Random) -> Story:
    """What happened between `issued` and the last of the days."""
    story = Story(payer, issued, days.today, rng)
    _PLAYED[plot.name](story)
    return story


def _plain(story: Story) -> None:
    story.pay(story.invoice())


def _euro(story: Story) -> None:
    """The euros are paid to the cent; what the rate moved meanwhile is booked with the payment."""
    euros = (story.amount() / 10).quantize(ORE, ROUND_HALF_UP)
    kroner = (euros * euro_rate(story.issued)).quantize(ORE, ROUND_HALF_UP)
    invoice = story.invoice(amount=kroner)
    invoice.currency_amount = euros
    on = story.payday(invoice.due or invoice.on)
    if on > story.today:
        return
    received = (euros * euro_rate(on)).quantize(ORE, ROUND_HALF_UP)
    payment = Line(story.payer, Kind.PAYMENT, on, -received, -euros, project=invoice.project, of=invoice)
    story.lines.append(payment)
    story.settlements.append(Settlement(invoice, payment, min(kroner, received), euros))
    if difference := received - kroner:
        moved = Line(story.payer, Kind.EXCHANGE_DIFFERENCE, on, difference, ZERO, project=invoice.project, of=invoice)
        story.lines.append(moved)
        debit, credit = (moved, payment) if difference > 0 else (invoice, moved)
        story.settlements.append(Settlement(debit, credit, abs(difference), ZERO))


def _part_payments(story: Story) -> None:
    invoice = story.invoice()
    first, paid = story.payday(invoice.due or invoice.on), story.part(invoice.amount, 25, 40, 50, 60)
    story.settle(first, (invoice, paid))
    story.settle(story.later(first, 14, 45), (invoice, invoice.amount - paid))


def _credited(story: Story) -> None:
    invoice = story.invoice()
    story.settle(story.later(story.issued, 2, 15), (invoice, invoice.amount), kind=Kind.CREDIT_NOTE)


def _reduced(story: Story) -> None:
    invoice = story.invoice()
    less = story.part(invoice.amount, 5, 10, 20)
    on = story.later(story.issued, 2, 12)
    story.settle(on, (invoice, less), kind=Kind.CREDIT_NOTE)
    story.settle(max(on, story.payday(invoice.due or invoice.on)), (invoice, invoice.amount - less))


def _instalments(story: Story) -> None:
    """One invoice of three or four lines, each due a month after the other."""
    whole, many = story.amount() * 3, story.rng.choice((3, 4))
    share = (whole / many).quantize(ORE, ROUND_HALF_UP)
    first: Line | None = None
    for number in range(many):
        line = story.invoice(amount=share if number < many - 1 else whole - share * (many - 1))
        line.due = story.issued + timedelta(days=30 * (number + 1))
        line.part, line.of = number + 1, first
        first = first or line
        line.project = first.project
        story.pay(line)


def _reminded(story: Story) -> None:
    """A fee two weeks after the due date; some pay it with the invoice, of others it is given up after a while."""
    invoice = story.invoice()
    due = invoice.due or invoice.on
    reminded, pays = working(due + DAY * 15), story.payday(due)
    if reminded > story.today:
        story.pay(invoice, on=max(pays, reminded + DAY))
        return
    fee = story.debit(Kind.REMINDER_FEE, reminded, shape.REMINDER_FEE, due=reminded + DAY * 14, of=invoice)
    on = max(pays, working(reminded + DAY * 3))
    if story.rng.randrange(10) < 7:
        story.pay(invoice, fee, on=on)
    else:
        story.pay(invoice, on=on)
        story.settle(story.later(on, 30, 50), (fee, fee.amount), kind=Kind.WRITE_OFF)


def _together(story: Story) -> None:
    """Several invoices within two weeks, paid by one payment that names none of them."""
    days = [story.issued] + [story.later(story.issued, 1, 14) for _ in range(story.rng.choice((1, 2, 3)))]
    story.pay(*(story.invoice(on=day) for day in sorted(days) if day <= story.today))


def _rounded(story: Story) -> None:
    """Paid in whole kroner; the øre are booked away, but for one in four, of which they stay open."""
    invoice = story.invoice(amount=story.amount().quantize(Decimal(1), ROUND_HALF_UP) + story.rng.randint(5, 49) * ORE)
    on, paid = story.payday(invoice.due or invoice.on), Decimal(int(invoice.amount)).quantize(ORE)
    story.settle(on, (invoice, paid))
    if story.rng.randrange(4):
        story.settle(on, (invoice, invoice.amount - paid), kind=Kind.ROUNDING)


def _prepaid(story: Story) -> None:
    """A payment on account, and the invoice it was for a while after."""
    payment = story.debit(Kind.PAYMENT, story.issued, -story.amount())
    on = story.later(story.issued, 3, 20)
    if on <= story.today:
        invoice = story.invoice(on=on, amount=-payment.amount)
        story.settlements.append(Settlement(invoice, payment, invoice.amount, invoice.amount))


def _opening(story: Story) -> None:
    """What was open before the books begin; one in twenty-five is open still."""
    line = story.debit(Kind.OPENING_BALANCE, story.issued, story.amount())
    if story.rng.randrange(25):
        story.pay(line, on=story.later(story.issued, 4, 60))


def _disputed(story: Story) -> None:
    """Open; some have paid what they do not contest."""
    invoice = story.invoice()
    invoice.disputed = True
    if not story.rng.randrange(3):
        story.settle(story.payday(invoice.due or invoice.on), (invoice, story.part(invoice.amount, 40, 60, 80)))


def _collection(story: Story) -> None:
    invoice = story.invoice()
    due = invoice.due or invoice.on
    reminded = working(due + DAY * 15)
    invoice.in_collection = due + DAY * 40 <= story.today
    if reminded <= story.today:
        fee = story.debit(Kind.REMINDER_FEE, reminded, shape.REMINDER_FEE, due=reminded + DAY * 14, of=invoice)
        fee.in_collection = invoice.in_collection


def _written_off(story: Story) -> None:
    invoice = story.invoice()
    on, rest = story.later(story.issued, 180, 240), invoice.amount
    if story.rng.randrange(2):
        paid = story.part(rest, 10, 20, 30)
        story.settle(story.later(story.issued, 60, 120), (invoice, paid))
        rest -= paid
    story.settle(on, (invoice, rest), kind=Kind.WRITE_OFF)


def _open_credit(story: Story) -> None:
    """A credit note that is not for one invoice: a yearly bonus, goods returned."""
    story.debit(Kind.CREDIT_NOTE, story.issued, -story.part(story.amount(), 20, 30, 50))


def _on_account(story: Story) -> None:
    story.debit(Kind.PAYMENT, story.issued, -story.part(story.amount(), 50, 100))


_PLAYED: dict[str, Callable[[Story], None]] = {
    "plain": _plain, "euro": _euro, "part_payments": _part_payments, "credited": _credited, "reduced": _reduced,
    "instalments": _instalments, "reminded": _reminded, "together": _together, "rounded": _rounded,
    "prepaid": _prepaid, "opening": _opening, "disputed": _disputed, "collection": _collection,
    "written_off": _written_off, "open_credit": _open_credit, "on_account": _on_account,
}  # fmt: skip
