"""All faults by name. Each module has those of one part of the world."""

from __future__ import annotations

from loadtest.chaos.faults import keys, network, processes, stores
from loadtest.chaos.faults.kind import FaultKind

FAULTS: dict[str, FaultKind] = {
    kind.name: kind for module in (network, processes, stores, keys) for kind in module.KINDS
}
