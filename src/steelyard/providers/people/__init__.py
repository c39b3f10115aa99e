"""People who answer in the workbench or over the API: our own, or an outside vendor's staff."""

from steelyard.providers.adapter import Adapter, no_config

adapter = Adapter(
    kind="people",
    description="people who answer in the workbench or over the API",
    pulls=True,
    check_config=no_config,
)
