"""Tables as files that spreadsheets open, and that cannot make a spreadsheet run anything."""

import csv
import io
from collections.abc import Iterable, Sequence

# What a spreadsheet takes for the start of a formula, in both widths.
_FORMULA = tuple("=+-@\t\r\0＝＋－＠")


def written(rows: Iterable[Sequence[str]]) -> str:
    """Return the rows as RFC 4180 text: commas, CRLF, quotes where a cell needs them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def harmless(cell: str) -> str:
    """Return the cell, with a quote before it where a spreadsheet would read it as a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
