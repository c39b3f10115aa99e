"""Data or answers that arrive by the bundle, collected elsewhere."""

from steelyard.providers.adapter import Adapter, no_config

adapter = Adapter(
    kind="shipment",
    description="data or answers that arrive in bulk",
    pulls=False,
    check_config=no_config,
)
