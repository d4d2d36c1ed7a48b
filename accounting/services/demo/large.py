"""Invents the large demo company's books for a day: customers, entries in order of their vouchers, settlements. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import accumulate, chain, count
from random import Random

from accounting.models import Kind
from accounting.services.demo import names, shape
from accounting.services.demo.companies import Buyer
from accounting.services.demo.days import DAY, Days
from accounting.services.demo.stories import Line, Payer, Settlement, Story, tell

_NUMBERED = (Kind.INVOICE, Kind.CREDIT_NOTE)


@dataclass(frozen=True)
class Books:
    """What was invented. `start` is the first day of the period; an opening balance stands on the day before."""

    start: date
    buyers: tuple[Buyer, ...]
    lines: tuple[Line, ...]
    settlements: tuple[Settlement, ...]


def invent(*, today: date, entries: int) -> Books:
    """Exactly so many entries, as seen on `today`; the same arguments give the same books.

    Every plot is there once before any is there twice, so that a few hundred entries show all of them.
    """
    rng, days = Random(shape.SEED), Days(today)  # noqa: S311  # nothing secret is drawn
    payers = _payers(rng)
    stories: list[Story] = []
    left = entries
    for story in _stories(payers, days, rng):
        if len(story.lines) > left:
            break
        stories.append(story)
        left -= len(story.lines)
    # What is left is filled to the last entry with invoices of the day itself, which nobody has paid yet.
    who, plain = _pools(payers)["in_kroner"], shape.PLOTS[0]
    stories += [tell(plain, payer=rng.choice(who), issued=today, days=days, rng=rng) for _ in range(left)]
    lines = sorted(chain.from_iterable(story.lines for story in stories), key=lambda line: line.on)
    _number(lines)
    settlements = chain.from_iterable(story.settlements for story in stories)
    return Books(days.start, tuple(payer.buyer for payer in payers), tuple(lines), tuple(settlements))


def _stories(payers: list[Payer], days: Days, rng: Random) -> Iterator[Story]:
    """Without end."""
    pools = {name: (of, list(accumulate(payer.often for payer in of))) for name, of in _pools(payers).items()}
    shares = list(accumulate(plot.share for plot in shape.PLOTS))
    plots = chain(shape.PLOTS, iter(lambda: rng.choices(shape.PLOTS, cum_weights=shares)[0], None))
    for plot in plots:
        of, weights = pools[plot.who]
        payer = rng.choices(of, cum_weights=weights)[0]
        opening = plot.name == "opening"
        issued = days.start - DAY if opening else days.draw(rng, oldest=plot.oldest, youngest=plot.youngest)
        yield tell(plot, payer=payer, issued=issued, days=days, rng=rng)


def _pools(payers: list[Payer]) -> dict[str, list[Payer]]:
    """The customers by what `Plot.who` says."""
    norwegian = [one for one in payers if one.buyer.country == "NO"]
    return {
        "norwegian": norwegian,
        "late": [one for one in norwegian if one.temper.first > 14],
        "in_kroner": [one for one in payers if one.currency == "NOK"],
        "in_euro": [one for one in payers if one.currency != "NOK"],
    }


def _payers(rng: Random) -> list[Payer]:
    """The customers in the order of their numbers, which tells nothing of their sizes."""
    firms, traders, persons = names.norwegian_buyers(
        rng, companies=shape.COMPANIES, without_number=shape.WITHOUT_NUMBER, persons=shape.PERSONS
    )
    # By size: the largest are limited companies, some of them abroad; who has no organisation number buys little.
    abroad = [Buyer("", name, country=country) for name, country in (*names.IN_EURO, *names.ABROAD)]
    by_size = firms[1:9] + firms[:1] + firms[9:20] + rng.sample(firms[20:] + abroad, len(firms) - 20 + len(abroad))
    by_size += rng.sample(traders + persons, len(traders) + len(persons))
    euro = {name for name, _ in names.IN_EURO}
    payers = [_payer(buyer, place, "EUR" if buyer.name in euro else "NOK", rng) for place, buyer in enumerate(by_size)]
    rng.shuffle(payers)
    return [
        replace(one, buyer=replace(one.buyer, number=str(number)))
        for number, one in enumerate(payers, shape.FIRST_CUSTOMER)
    ]


def _payer(buyer: Buyer, place: int, currency: str, rng: Random) -> Payer:
    term = rng.choices(list(shape.TERMS), list(shape.TERMS.values()))[0]
    return Payer(
        buyer,
        temper=rng.choices(shape.TEMPERS, [one.share for one in shape.TEMPERS])[0],
        term=shape.PRIVATE_TERM if buyer.private_person else term,
        often=shape.often(place),
        typical=shape.typical(place),
        department=rng.choices(list(shape.DEPARTMENTS), list(shape.DEPARTMENTS.values()))[0],
        currency=currency,
    )


def _number(lines: list[Line]) -> None:
    """Gives vouchers, and invoices and credit notes, rising numbers in the order of the lines; instalments share theirs.

    Only Norwegian customers pay with a KID, and one payment in seven comes without; then it says the invoice's number.
    """
    voucher, invoice = count(shape.FIRST_VOUCHER), count(shape.FIRST_INVOICE)
    for line in lines:
        of = line.of
        if line.part > 1 and of:
            line.voucher, line.invoice_number, line.kid = of.voucher, of.invoice_number, of.kid
            continue
        line.voucher = next(voucher)
        if line.kind in _NUMBERED:
            line.invoice_number = str(next(invoice))
        if line.kind == Kind.INVOICE and line.payer.buyer.country == "NO":
            line.kid = names.kid(line.payer.buyer.number + line.invoice_number)
        elif line.kind == Kind.PAYMENT and of and of.kid and line.voucher % 7:
            line.kid = of.kid
        elif of:
            line.cross_reference = of.invoice_number
