"""/api/providers/{slug}/phase-out and /reinstatement: leaving by and by, and coming back."""

from __future__ import annotations

from fastapi import APIRouter

from steelyard.http.api.common import REFUSALS

router = APIRouter(prefix="/api", tags=["exits"], responses=REFUSALS)
