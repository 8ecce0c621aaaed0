"""The policies that this database has seen: one version says one thing, and what it said is kept."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatcher.errors import OperatorError
from dispatcher.policy import Policy
from dispatcher.policy.content import content, differing, digest
from dispatcher.store.base import in_array
from dispatcher.store.policies import PolicyRow

_TOLD = 3  # keys, in a message of one line
_READS_ONLY = text("SHOW transaction_read_only")


def keep(session: Session, policy: Policy) -> None:
    """Keep what this policy says. Raises OperatorError if its version has said something else."""
    if _is_known(session, policy) or session.scalar(_READS_ONLY) == "on":  # a standby has it from its primary
        return
    row = {
        "digest": digest(policy),
        "version": policy.version,
        "content": content(policy),
        "kept_at": func.clock_timestamp(),
    }
    session.execute(insert(PolicyRow).values(row).on_conflict_do_nothing())
    _is_known(session, policy)  # somebody else may have kept another under this name meanwhile


def _is_known(session: Session, policy: Policy) -> bool:
    """Raises OperatorError."""
    known = select(PolicyRow.digest, PolicyRow.content).where(PolicyRow.version == policy.version)
    row = session.execute(known).one_or_none()
    if row is None:
        return False
    if row.digest != digest(policy) and (keys := differing(policy, row.content)):
        raise _other_content(policy.version, keys)
    return True


def _other_content(version: str, keys: Collection[str]) -> OperatorError:
    named = ", ".join(list(keys)[:_TOLD]) + (" …" if len(keys) > _TOLD else "")
    return OperatorError(
        f"策略版本 {version} 已以别的内容使用过({named} 不同);请为修改后的策略另取 version",
        f"policy version {version} was used with other content ({named} differ); give the changed file a new version",
    )


def contents(session: Session, digests: Collection[str]) -> Mapping[str, Mapping[str, Any]]:
    """What the policies with these digests said."""
    found = select(PolicyRow.digest, PolicyRow.content).where(in_array(PolicyRow.digest, digests))
    return dict(session.execute(found).tuples().all())
