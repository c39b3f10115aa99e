"""Do the columnar copies in the data folder still hold judgments of the provider?"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from steelyard.exit.findings import Finding
from steelyard.work.columnar import FOLDER


def copies_finding(folder: Path, provider_id: int) -> Finding:
    """Counts them in every part there is. One that cannot be read counts too: nobody knows what is in it."""
    found, where = 0, []
    for path in sorted((folder / FOLDER).rglob("*.parquet")):
        try:
            column = pq.read_table(path, columns=["provider"]).column("provider")
            here = pc.sum(pc.equal(column, provider_id)).as_py() or 0  # pyright: ignore[reportAttributeAccessIssue]
        except FileNotFoundError:  # tidied away meanwhile
            continue
        except (OSError, pa.ArrowException):
            here = 1
        if here:
            found += here
            where.append(path.relative_to(folder).as_posix())
    return Finding(
        "copies", "No copy of judgments in the data folder holds one of it", found, ", ".join(where[:5])
    )
