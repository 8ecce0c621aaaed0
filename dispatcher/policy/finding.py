"""One thing that is odd about a policy."""

from dataclasses import dataclass, replace

from schemas.errors import bilingual


@dataclass(frozen=True)
class Finding:
    """`key` is where to look, as the file writes it."""

    key: str
    zh: str
    en: str

    def under(self, table: str) -> "Finding":
        return replace(self, key=f"{table}.{self.key}")

    def __str__(self) -> str:
        return f"{self.key}: {bilingual(self.zh, self.en)}"
