"""A Python callable or fitted estimator that answers from a worker process, through the same door as people."""

from collections.abc import Mapping
from typing import Any

from steelyard.domain.errors import Problem
from steelyard.providers.adapter import Adapter


def _check(config: Mapping[str, Any]) -> list[Problem]:
    problems = [
        Problem(f"/config/{name}", "unknown", "a model has the settings target and version")
        for name in config
        if name not in ("target", "version")
    ]
    for name in ("target", "version"):
        value = config.get(name)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            problems.append(Problem(f"/config/{name}", "type", "must be a non-empty string"))
    return problems


adapter = Adapter(
    kind="model",
    description="a Python callable or fitted estimator, run as a worker process",
    pulls=True,
    check_config=_check,
)
