"""What a usable policy says that is odd: a step that can never fire, a deadline shorter than its wait.

Each check is a small pure function in a table. An oddity is told, never refused: the centre may mean it.
"""

from collections.abc import Callable, Iterator
from datetime import time, timedelta
from itertools import pairwise

from dispatcher.policy.fields import Window, duration_text
from dispatcher.policy.finding import Finding
from dispatcher.policy.flatten import duration
from dispatcher.policy.models import Policy, QuietHours, fold_label
from dispatcher.policy.plan_lint import CHECKS as PLAN_CHECKS
from schemas.vocabularies import SHIPPED
from schemas.vocabulary import Rung, Urgency

_DAY = timedelta(days=1)
_NOON = Window(begin=time(12), end=time(12, 1))
_SHORTEST_LAST_WAIT = timedelta(seconds=30)
_SHORTEST_BETWEEN_SMS = timedelta(minutes=10)
# A higher urgency that waits longer than a lower one.
_QUICKER_ABOVE = (
    *("doubt_wait", "sms.after", "voice.after", "voice.within", "family.after"),
    *("visit.accept_within", "visit.met_within", "visit.report_within"),
)


def lint(policy: Policy) -> Iterator[Finding]:
    """Everything odd about a policy, its common tables first."""
    for check in CHECKS:
        yield from check(policy)
    for urgency in Urgency:
        for of_plan in PLAN_CHECKS:
            yield from (each.under(f"urgency.{urgency}") for each in of_plan(policy.plan(urgency), policy))


def _ladder(policy: Policy) -> Iterator[Finding]:
    left_out = [rung.value for rung in Rung if rung not in policy.ladder]
    if left_out:
        names = ", ".join(left_out)
        yield Finding("ladder", f"阶梯跳过了 {names}", f"the ladder passes over {names}; nobody there is ever asked")


def _quiet_hours(policy: Policy) -> Iterator[Finding]:
    held = any(policy.plan(urgency).held_in_quiet_hours for urgency in Urgency)
    if held and policy.quiet_hours.begin == policy.quiet_hours.end:
        yield Finding("quiet_hours", "起止相同,免打扰时段永不生效", "from and to are the same: nothing is ever held")
    elif held and _covers(policy.quiet_hours, _NOON):
        yield Finding(
            "quiet_hours",
            "正午也在免打扰时段内,起止是否写反?",
            "hold the middle of the day: are from and to the wrong way round?",
        )


def _working_hours(policy: Policy) -> Iterator[Finding]:
    hours = policy.working_hours
    if not hours.days or hours.begin >= hours.end:
        yield Finding(
            "working_hours",
            "没有任何工作时间(不支持跨零点),工作地址永不优先",
            "no hour is a working hour (not over midnight): work never comes before the residence",
        )


def _windows(policy: Policy) -> Iterator[Finding]:
    for number, window in enumerate(policy.revisit.windows):
        if _covers(policy.quiet_hours, window):
            yield Finding(
                f"revisit.windows.{number}",
                "整段都在免打扰时段内,等于夜间敲门",
                "lies wholly in quiet_hours: officers would knock at night",
            )


def _covers(quiet: QuietHours, window: Window) -> bool:
    if quiet.begin <= quiet.end:
        return quiet.begin <= window.begin and window.end <= quiet.end
    return window.begin >= quiet.begin or window.end <= quiet.end


def _revisit(policy: Policy) -> Iterator[Finding]:
    if policy.revisit.after > _DAY:
        after = duration_text(policy.revisit.after)
        yield Finding(
            "revisit.after", f"拒不听劝后 {after} 无人再上门", f"nobody comes again for {after} after a refusal"
        )


def _windows_apart(policy: Policy) -> Iterator[Finding]:
    windows = sorted(policy.revisit.windows, key=lambda window: window.begin)
    if any(later.begin < earlier.end for earlier, later in pairwise(windows)):
        yield Finding("revisit.windows", "时段互相重叠", "overlap: two of them are one")


def _sms_cap(policy: Policy) -> Iterator[Finding]:
    cap = policy.sms_cap
    if cap.again_after < _SHORTEST_BETWEEN_SMS:
        after = duration_text(cap.again_after)
        yield Finding(
            "sms_cap.again_after", f"{after} 后又发一条短信", f"one SMS after the other: only {after} between"
        )
    if cap.again_after > _DAY:
        yield Finding("sms_cap.again_after", "超过一天,期间不再发短信", "longer than a day: no SMS at all meanwhile")
    elif cap.again_after * (cap.per_day - 1) >= _DAY:
        yield Finding(
            "sms_cap.per_day",
            "按 again_after 的间隔永远达不到此数",
            "can never be reached at one SMS every again_after",
        )


def _warned_again(policy: Policy) -> Iterator[Finding]:
    if policy.warned_again.at_least is list(Urgency)[-1]:
        yield Finding("warned_again.at_least", "已是最低级,永不升级", "is the lowest: nothing can ever be raised to it")


def _minors(policy: Policy) -> Iterator[Finding]:
    if policy.minors.under == 0:
        yield Finding(
            "minors.under", "没有人小于 0 岁,规则永不生效", "nobody is younger than 0: the rule can never fire"
        )


def _codes(policy: Policy) -> Iterator[Finding]:
    longest = max((policy.plan(each).visit.met_within or timedelta() for each in Urgency), default=timedelta())
    if policy.codes.valid_for < longest:
        yield Finding(
            "codes.valid_for",
            "短于最长的见面期限,上门时核验码已失效",
            "shorter than the longest met_within: at the door the code is no longer valid",
        )


def _retry(policy: Policy) -> Iterator[Finding]:
    if any(later < earlier for earlier, later in pairwise(policy.retry.waits)):
        yield Finding("retry.waits", "不是递增", "do not ascend: later retries come faster than earlier ones")
    if policy.retry.waits[-1] < _SHORTEST_LAST_WAIT:
        wait = duration_text(policy.retry.waits[-1])
        yield Finding(
            "retry.waits",
            f"最后一项 {wait} 会一直重复,服务商停摆时过于频繁",
            f"the last, {wait}, repeats: a provider that is out is tried all the time",
        )


def _labels(policy: Policy) -> Iterator[Finding]:
    owner: dict[str, str] = {each.value: each.value for each in Urgency}
    for urgency in Urgency:
        for label in policy.urgency_labels.of(urgency):
            key = f"urgency_labels.{urgency}"
            taken = owner.setdefault(label, urgency.value)
            if fold_label(label) != label:
                yield Finding(
                    key,
                    f"“{label}”永不匹配,请用半角小写",
                    f'"{label}" never matches: write it in half width, lower case',
                )
            elif taken != urgency:
                yield Finding(
                    key, f"“{label}”已属于 {taken},此处无效", f'"{label}" never fires here: it is {taken} already'
                )
            elif (shipped := SHIPPED.urgency(label)) not in (None, urgency):
                yield Finding(
                    key,
                    f"“{label}”通常指 {shipped},此处改为 {urgency}",
                    f'"{label}" is {shipped} by the words that ship; here it becomes {urgency}',
                )


def _order(policy: Policy) -> Iterator[Finding]:
    for higher, lower in pairwise(Urgency):
        for key in _QUICKER_ABOVE:
            above, below = (duration(policy.plan(each), key) for each in (higher, lower))
            if above is not None and below is not None and above > below:
                yield Finding(
                    f"urgency.{higher}.{key}",
                    f"{duration_text(above)},比较低的 {lower} 还慢({duration_text(below)})",
                    f"{duration_text(above)} is slower than at {lower} ({duration_text(below)}), which is less urgent",
                )


CHECKS: tuple[Callable[[Policy], Iterator[Finding]], ...] = (
    *(_ladder, _quiet_hours, _working_hours, _windows, _windows_apart, _revisit, _sms_cap),
    *(_warned_again, _minors, _codes, _retry, _labels, _order),
)
