"""Makes the slice of the history that ships: whole histories of some customers, and some guests.

Run it again with `python -m adapters.shopify.sandbox.slice <folder of uci_online_retail.csv.xz>`.
"""

import csv
import io
import lzma
import sys
from collections import Counter
from pathlib import Path

from adapters.shopify.sandbox import uci

TARGET = Path(__file__).parent / "data" / "uci_slice.csv.xz"
EVERY_CUSTOMER, CUSTOMER_REST = 6, 2
EVERY_GUEST, LONGEST_GUEST = 3, 60


def cut(folder: Path) -> str:
    """Return the slice as text: every document of each chosen customer, and short documents of some guests.

    Chosen are customers whose number leaves 2 when divided by 6, and guest documents whose number divides by 3 and
    that have at most 60 lines: the longest ones are days of a marketplace, not orders of one person.
    """
    rows = list(uci.lines(folder / uci.FILE))
    lengths = Counter(row[0] for row in rows)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(uci.FIELDS)
    writer.writerows(row for row in rows if _chosen(row, lengths[row[0]]))
    return out.getvalue()


def _chosen(row: list[str], length: int) -> bool:
    if row[6]:
        return int(row[6]) % EVERY_CUSTOMER == CUSTOMER_REST
    digits = "".join(sign for sign in row[0] if sign.isdigit())
    return int(digits) % EVERY_GUEST == 0 and length <= LONGEST_GUEST


def main() -> None:
    """Write the slice."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    packed = lzma.compress(cut(Path(sys.argv[1])).encode(), preset=9 | lzma.PRESET_EXTREME)
    TARGET.write_bytes(packed)
    sys.stdout.write(f"{TARGET.name}: {len(packed):,} bytes\n")


if __name__ == "__main__":
    main()
