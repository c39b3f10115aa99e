"""exposure: who was shown what, and who has seen this?"""

from __future__ import annotations
