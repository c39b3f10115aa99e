"""/api/drills: an exit rehearsed on a copy."""

from __future__ import annotations

from fastapi import APIRouter

from steelyard.http.api.common import REFUSALS

router = APIRouter(prefix="/api", tags=["exits"], responses=REFUSALS)
