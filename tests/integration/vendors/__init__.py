"""Each adapter's vendor as a row, a module a vendor. A new module with ROWS is found by itself."""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules

from vendors.row import REF, TOKEN, Posted, Vendor, pushed_array, wrong_token

__all__ = ["REF", "TOKEN", "VENDORS", "Posted", "Vendor", "pushed_array", "wrong_token"]


def _built_in() -> dict[str, Vendor]:
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    return {name: row for module in modules for name, row in getattr(module, "ROWS", {}).items()}


# Adapters of other packages bring their rows along: docs/write-a-provider.md.
VENDORS: Mapping[str, Vendor] = _built_in() | {
    entry.name: entry.load() for entry in entry_points(group="dispatcher.contracts")
}
