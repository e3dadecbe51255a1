"""Make the slice that ships with the sandbox from the papers' 1/10 sample: `python -m adapters.magento.sandbox.pack FOLDER`.

FOLDER holds CDNOW_sample.txt.gz. The result is the same file whenever it is made.
"""

import gzip
import sys
from pathlib import Path

from adapters.magento.sandbox.history import SLICE, original_rows

SAMPLE_NAME = "CDNOW_sample.txt.gz"


def pack(folder: Path, target: Path = SLICE) -> int:
    """Write the slice and return its number of rows."""
    with gzip.open(folder / SAMPLE_NAME, "rt", encoding="ascii") as lines:
        rows = list(original_rows(lines))
    text = "".join(f"{row.customer},{row.day:%Y%m%d},{row.quantity},{row.cents}\n" for row in rows)
    with target.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write(text.encode("ascii"))
    return len(rows)


if __name__ == "__main__":
    sys.stderr.write(f"{pack(Path(sys.argv[1]))} rows in {SLICE.name}\n")
