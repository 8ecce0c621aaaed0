"""Peers from Debian's packages, which debian/install.sh unpacks."""

from pathlib import Path

_HERE = Path(__file__).parent / "debian"
BIN, ROOT = _HERE / "bin", _HERE / "root"


def library(*path: str) -> Path:
    """A folder of a package's own below usr/lib, where it may stand in the machine's part of it."""
    plain = ROOT.joinpath("usr", "lib", *path)
    return plain if plain.exists() else next((ROOT / "usr" / "lib").glob("*-linux-*/" + "/".join(path)))


def version(package: str) -> str:
    rows = dict(line.split() for line in (_HERE / "versions.txt").read_text("utf-8").splitlines())
    return rows[package]
