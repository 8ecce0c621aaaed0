"""Peers from Debian's packages, which debian/install.sh unpacks."""

from dataclasses import dataclass
from pathlib import Path

_DEBIAN = Path(__file__).parent / "debian"


@dataclass(frozen=True)
class Unpacked:
    """The packages of one list."""

    folder: Path

    @property
    def bin(self) -> Path:
        """Its programs, each with the libraries that it needs."""
        return self.folder / "bin"

    @property
    def root(self) -> Path:
        return self.folder / "root"

    def library(self, *path: str) -> Path:
        """A folder of a package's own below usr/lib, where it may stand in the machine's part of it."""
        plain = self.root.joinpath("usr", "lib", *path)
        return plain if plain.exists() else next((self.root / "usr" / "lib").glob("*-linux-*/" + "/".join(path)))

    def version(self, package: str) -> str:
        rows = dict(line.split() for line in (self.folder / "versions.txt").read_text("utf-8").splitlines())
        return rows[package]


GATEWAYS, BROKER, POOLERS = (Unpacked(_DEBIAN / name) for name in ("gateways", "broker", "poolers"))
