"""A table as an Excel workbook: every cell typed, text never a formula, heads frozen, sums as values."""

from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from accounting.exports.table import Cell, Kind, Row, RowKind, Table

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Excel writes thousands and decimals as its user's country does; these say which digits there are.
_MONEY = "#,##0.00;[Red]\u2212#,##0.00"
_FORMATS = {Kind.TEXT: "@", Kind.MONEY: _MONEY, Kind.DATE: "dd.mm.yyyy", Kind.NUMBER: "0;\u22120"}
_SHARE = '0.0"\u00a0%";[Red]\u22120.0"\u00a0%"'
# What Excel holds in a cell; xlsxwriter would leave a longer text out.
_LONGEST = 32_767
# XML can carry none of these; xlsxwriter writes the others of them as Excel does (_x0001_).
_UNWRITABLE = dict.fromkeys((*range(55296, 57344), 65534, 65535), "�")


def write_xlsx(table: Table) -> bytes:
    """One sheet: head, column heads, then the sections with their sums. Memory does not grow with the rows."""
    out = BytesIO()
    book = xlsxwriter.Workbook(
        out,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_date_format": _FORMATS[Kind.DATE],
        },
    )
    book.set_properties({"title": table.title, "company": table.company})
    _Sheet(book, table).write()
    book.close()
    return out.getvalue()


class _Sheet:
    """Writes the one sheet from top to bottom, which constant memory demands."""

    def __init__(self, book: xlsxwriter.Workbook, table: Table) -> None:
        self.table, self.at = table, 0
        self.sheet: Worksheet = book.add_worksheet(table.title[:31])
        self.bold = book.add_format({"bold": True, "num_format": "@"})
        self.title = book.add_format({"bold": True, "font_size": 14, "num_format": "@"})
        self.text = book.add_format({"num_format": "@"})
        self.heads = {
            kind: book.add_format(
                {"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom", "bg_color": "#EAF0F5", "num_format": "@",
                 "align": "right" if kind in (Kind.MONEY, Kind.NUMBER) else "left"}
            )
            for kind in Kind
        }  # fmt: skip
        self.formats: dict[tuple[RowKind, Kind], Format] = {}
        styles: dict[RowKind, dict[str, Any]] = {
            RowKind.LINE: {}, RowKind.GROUP: {"bold": True}, RowKind.TOTAL: {"bold": True, "top": 1}, RowKind.SHARE: {},
        }  # fmt: skip
        for row, style in styles.items():
            for kind in Kind:
                number = _SHARE if row == RowKind.SHARE and kind == Kind.MONEY else _FORMATS[kind]
                self.formats[row, kind] = book.add_format({**style, "num_format": number})
        # A text that stands in a column of another kind.
        self.words = {row: book.add_format({**style, "num_format": "@"}) for row, style in styles.items()}

    def write(self) -> None:
        table, sheet = self.table, self.sheet
        for no, column in enumerate(table.columns):
            sheet.set_column(no, no, column.width + 2)
        if table.wide:
            sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        self._line((table.company, self.bold), (table.organisation_number, self.text))
        self._line((table.title, self.title))
        for name, value in table.facts:
            self._line((name, self.text), (value, self.text))
        self._line((table.made, self.text))
        self.at += 1
        head = self.at
        self._line(*((column.label, self.heads[column.kind]) for column in table.columns))
        sheet.freeze_panes(self.at, 0)
        sheet.repeat_rows(head)
        for section in table.sections:
            if section.title:
                self._line((section.title, self.bold))
            for row in section.rows:
                self._row(row)
            for note in section.notes:
                self._line((note, self.text))
            self.at += 1
        for note in table.notes:
            self._line((note, self.text))

    def _line(self, *cells: tuple[str, Format]) -> None:
        for no, (text, style) in enumerate(cells):
            self._text(no, text, style)
        self.at += 1

    def _row(self, row: Row) -> None:
        for no, (value, column) in enumerate(zip(row.cells, self.table.columns, strict=True)):
            self._cell(no, value, row.kind, column.kind)
        self.at += 1

    def _cell(self, no: int, value: Cell, row: RowKind, kind: Kind) -> None:
        style = self.formats[row, kind]
        if value is None or value == "":
            if row == RowKind.TOTAL:
                self.sheet.write_blank(self.at, no, None, style)
        elif isinstance(value, str):
            self._text(no, value, style if kind == Kind.TEXT else self.words[row])
        elif isinstance(value, Decimal | int):
            self.sheet.write_number(self.at, no, value, style)  # type: ignore[arg-type]  # Decimal is written as its digits
        elif isinstance(value, date):
            if value.year < 1900:  # Excel knows no earlier day
                self._text(no, value.isoformat(), self.words[row])
            else:
                self.sheet.write_datetime(self.at, no, value, style)  # type: ignore[arg-type]

    def _text(self, no: int, text: str, style: Format) -> None:
        self.sheet.write_string(self.at, no, text.translate(_UNWRITABLE)[:_LONGEST], style)
