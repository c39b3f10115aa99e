"""dependence: what hangs on whom?"""

from __future__ import annotations
