"""Where are Arrow's functions on columns? The types that pyarrow ships do not know most of them."""

from __future__ import annotations

from typing import Any

import pyarrow.compute

compute: Any = pyarrow.compute
