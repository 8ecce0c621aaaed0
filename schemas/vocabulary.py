"""The codes of the trade. Codes are stable; labels are translated.

Every code has one row in a table here, with its Chinese and English label, so that
pages, tables and logs never invent a wording of their own.
"""

from enum import StrEnum


class Code(StrEnum):
    """A stable code with a label in Chinese and in English."""

    zh: str
    en: str

    def __new__(cls, value: str, zh: str = "", en: str = "") -> "Code":
        code = str.__new__(cls, value)
        code._value_ = value
        code.zh = zh
        code.en = en
        return code

    @property
    def label(self) -> str:
        """Chinese first, English beside it."""
        return f"{self.zh} {self.en}"


class Urgency(Code):
    CRITICAL = "critical", "特急", "critical"
    HIGH = "high", "高", "high"
    MEDIUM = "medium", "中", "medium"
    LOW = "low", "低", "low"

    @property
    def rank(self) -> int:
        """0 is the most urgent."""
        return list(Urgency).index(self)

    def raised(self) -> "Urgency":
        """One step up; critical stays critical."""
        return list(Urgency)[max(0, self.rank - 1)]


class Channel(Code):
    SMS = "sms", "短信", "SMS"
    VOICE = "voice", "语音外呼", "voice call"
    VISIT = "visit", "上门", "door visit"
    BROADCAST = "broadcast", "群发提醒", "broadcast"
    HOOK = "hook", "联动处置", "hook"


class BankRequest(Code):
    """What a bank is asked for. The product asks; it never moves money."""

    STOP_PAYMENT = "stop_payment", "紧急止付", "stop payment"
    PROTECT_ACCOUNT = "protect_account", "账户保护", "account protection"
    LIFT_PROTECTION = "lift_protection", "解除保护", "lift protection"


class Actor(Code):
    """Who carries a step out: the four tiers."""

    CENTRE = "centre", "反诈中心", "centre"
    TELECOM = "telecom", "运营商", "telecom operator"
    BANK = "bank", "银行", "bank"
    COMMUNITY = "community", "社区", "community"


class Person(Code):
    """Who an attempt was made to."""

    SUBJECT = "subject", "本人", "subject"
    GUARDIAN = "guardian", "监护人", "guardian"
    FAMILY = "family", "家属", "family"
    OTHER = "other", "其他人", "other"


class AttemptState(Code):
    PLANNED = "planned", "待执行", "planned"
    SENDING = "sending", "发送中", "sending"
    ACCEPTED = "accepted", "已受理", "accepted"
    IN_DOUBT = "in_doubt", "存疑", "in doubt"
    SETTLED = "settled", "已有结果", "settled"
    CANCELLED = "cancelled", "已取消", "cancelled"
    SKIPPED = "skipped", "已跳过", "skipped"


class Action(Code):
    """What a worker has to do about an attempt at its due time."""

    SEND = "send", "发送", "send"
    QUERY = "query", "查询", "ask what became of it"
    CANCEL = "cancel", "撤回", "take it back"


class RetryKind(Code):
    """Why an attempt makes an earlier one again on the same number."""

    TRANSIENT_FAILURE = "transient_failure", "暂时失败后重试", "after a passing fault"
    NEXT_PROVIDER = "next_provider", "改走下一服务商", "by the next provider"
    NEVER_TAKEN = "never_taken", "原请求未被受理", "the provider never took the first"
    DOUBT = "doubt", "存疑已久", "too long in doubt"


class Ending(Code):
    """How an attempt ended without a provider's word on what came of it."""

    NEVER_TAKEN = "never_taken", "服务商从未受理", "the provider never took it"
    NOT_THERE = "not_there", "服务商查无此条,原发送进程失联", "its provider has none; its sender vanished"
    NO_RECEIPT = "no_receipt", "未收到回执", "no receipt came"
    DOUBT_GIVEN_UP = "doubt_given_up", "存疑,不再重发", "left in doubt"
    SETTLED_BY_FIRST = "settled_by_first", "由同键的首次发送了结", "the first one under its key was answered"


# Said by a provider that was asked about a doubt: sent again at once, under the same key.
UNTAKEN = frozenset({Ending.NEVER_TAKEN, Ending.NOT_THERE})


class Result(Code):
    """Contact results: what one attempt achieved."""

    ACCEPTED = "ACCEPTED", "网关已受理", "accepted by the gateway"
    DELIVERED = "DELIVERED", "已送达", "delivered"
    FAILED_TEMPORARY = "FAILED_TEMPORARY", "暂时失败", "failed for now"
    FAILED_PERMANENT = "FAILED_PERMANENT", "永久失败", "failed for good"
    REJECTED_CONTENT = "REJECTED_CONTENT", "内容被拒", "content refused"
    UNKNOWN = "UNKNOWN", "结果不明", "unknown"
    SKIPPED = "SKIPPED", "已跳过", "skipped"
    ANSWERED_SUBJECT = "ANSWERED_SUBJECT", "本人接听", "answered by the subject"
    ANSWERED_GUARDIAN = "ANSWERED_GUARDIAN", "监护人接听", "answered by a guardian"
    ANSWERED_FAMILY = "ANSWERED_FAMILY", "家属接听", "answered by family"
    ANSWERED_NOT_SUBJECT = "ANSWERED_NOT_SUBJECT", "他人接听", "answered by somebody else"
    SUSPECTED_FORWARDING = "SUSPECTED_FORWARDING", "疑似呼叫转移", "suspected forwarding"
    BUSY = "BUSY", "占线", "busy"
    NO_ANSWER = "NO_ANSWER", "无人接听", "no answer"
    REJECTED = "REJECTED", "拒接", "call refused"
    BLOCKED_SUSPECTED = "BLOCKED_SUSPECTED", "疑似被拉黑", "probably blocked"
    POWERED_OFF = "POWERED_OFF", "关机", "switched off"
    OUT_OF_SERVICE = "OUT_OF_SERVICE", "停机", "out of service"
    INVALID_NUMBER = "INVALID_NUMBER", "空号", "invalid number"
    VOICEMAIL = "VOICEMAIL", "语音信箱", "voicemail"
    UNSUPPORTED = "UNSUPPORTED", "不支持的号码", "unsupported destination"
    MET_DISSUADED = "MET_DISSUADED", "见面劝阻成功", "met, dissuaded"
    MET_SELF_AWARE = "MET_SELF_AWARE", "见面,已自主识破", "met, had seen through it"
    MET_ALREADY_DEFRAUDED = "MET_ALREADY_DEFRAUDED", "见面,已被骗", "met, already defrauded"
    MET_REFUSED = "MET_REFUSED", "见面,未劝住", "met, refused"
    NOT_FOUND_TEMPORARILY = "NOT_FOUND_TEMPORARILY", "暂未找到", "not found for now"
    NOT_FOUND_CONFIRMED = "NOT_FOUND_CONFIRMED", "确认无法找到", "not to be found"
    NOT_HOME_FAMILY_TOLD = "NOT_HOME_FAMILY_TOLD", "不在家,已告家属", "not home, family told"
    WRONG_ADDRESS = "WRONG_ADDRESS", "地址有误", "wrong address"
    INVALID_VISIT = "INVALID_VISIT", "无效上门", "invalid visit"
    # Ends of one officer's assignment that are no meeting: the ladder goes on after them.
    NOT_ACCEPTED = "NOT_ACCEPTED", "超时未签收", "not accepted in time"
    NOBODY_ON_DUTY = "NOBODY_ON_DUTY", "无人值班", "nobody on duty"
    RETURNED = "RETURNED", "退回", "returned"
    READDRESSED = "READDRESSED", "改派地址", "re-addressed"
    TRANSFERRED = "TRANSFERRED", "已移交", "transferred"
    REASSIGNED = "REASSIGNED", "改派民警", "given to another officer"
    # What a bank answers.
    STOPPED = "STOPPED", "已止付", "payment stopped"
    STOPPED_PARTLY = "STOPPED_PARTLY", "部分止付", "payment stopped in part"
    NOT_STOPPED = "NOT_STOPPED", "未能止付", "payment not stopped"
    GRANTED = "GRANTED", "已采取保护", "protection granted"
    REFUSED = "REFUSED", "未予采取", "refused by the bank"
    LIFTED = "LIFTED", "已解除", "protection lifted"


class Answer(Code):
    """What the person said in a call, coded."""

    DISSUADED = "dissuaded", "已劝阻", "dissuaded"
    UNSURE = "unsure", "将信将疑", "unsure"
    DENIES = "denies", "否认", "denies"
    HUNG_UP = "hung_up", "挂断", "hung up"
    ALREADY_PAID = "already_paid", "已转账", "already paid"


class SkipReason(Code):
    NO_PHONE = "NO_PHONE", "无号码", "no phone"
    UNSUPPORTED_DESTINATION = "UNSUPPORTED_DESTINATION", "不支持的目的地", "unsupported destination"
    ACCESSIBILITY = "ACCESSIBILITY", "无障碍原因", "accessibility"
    MINOR = "MINOR", "未成年人", "minor"
    QUIET_HOURS = "QUIET_HOURS", "免打扰时段", "quiet hours"
    CAP_REACHED = "CAP_REACHED", "已达上限", "cap reached"
    SUPPRESSED = "SUPPRESSED", "已抑制", "suppressed"
    WITHDRAWN = "WITHDRAWN", "已撤回", "withdrawn"
    BAD_NUMBER = "BAD_NUMBER", "无效号码", "bad number"
    EXPIRED = "EXPIRED", "已过期", "expired"
    NOT_NEEDED = "NOT_NEEDED", "已无需执行", "no longer needed"
    PRIVATE = "PRIVATE", "涉及隐私", "private"


class Hold(Code):
    """Why an attempt goes later than its step would have it."""

    QUIET_HOURS = "quiet_hours", "夜间免打扰", "quiet hours"
    SMS_CAP = "sms_cap", "短信次数上限", "cap of SMS"
    CALL_CAP = "call_cap", "外呼次数上限", "cap of calls"


class ReturnReason(Code):
    NOT_MY_JURISDICTION = "NOT_MY_JURISDICTION", "非本辖区", "not my jurisdiction"
    DUPLICATE = "DUPLICATE", "重复", "duplicate"
    ADDRESS_INSUFFICIENT = "ADDRESS_INSUFFICIENT", "地址不详", "address insufficient"
    OFFICER_UNAVAILABLE = "OFFICER_UNAVAILABLE", "警力不足", "officer unavailable"
    SHIFT_ENDED = "SHIFT_ENDED", "班次结束", "the shift has ended"


class Resolution(Code):
    DISSUADED_IN_TIME = "DISSUADED_IN_TIME", "及时劝阻", "dissuaded in time"
    SELF_AWARE = "SELF_AWARE", "自主防范", "self-aware"
    ALREADY_TRANSFERRED_ALL = "ALREADY_TRANSFERRED_ALL", "已全部转账", "already transferred all"
    ALREADY_TRANSFERRED_PARTLY = "ALREADY_TRANSFERRED_PARTLY", "已部分转账", "already transferred partly"
    REFUSED_UNDER_WATCH = "REFUSED_UNDER_WATCH", "未劝住,持续关注", "refused, under watch"
    UNREACHABLE = "UNREACHABLE", "无法联系", "unreachable"
    NOT_A_VICTIM = "NOT_A_VICTIM", "非受害人(误报)", "not a victim"
    DUPLICATE_MERGED = "DUPLICATE_MERGED", "重复并案", "duplicate, merged"
    TRANSFERRED_OUT = "TRANSFERRED_OUT", "移交外地", "transferred out"
    WITHDRAWN = "WITHDRAWN", "已撤回", "withdrawn"
    EXPIRED = "EXPIRED", "已过期", "expired"


class CaseState(Code):
    OPEN = "open", "进行中", "open"
    CLOSED = "closed", "已结案", "closed"


class VisitState(Code):
    WAITING = "waiting", "待派单", "waiting for assignment"
    OFFERED = "offered", "待对方接收", "offered to another unit"
    TRANSFERRED = "transferred", "已移交外地", "with another centre"
    ASSIGNED = "assigned", "已派单", "assigned"
    ACCEPTED = "accepted", "已签收", "accepted"
    DEPARTED = "departed", "已出发", "departed"
    ARRIVED = "arrived", "已到达", "arrived"
    REPORTED = "reported", "已反馈", "reported"
    CANCELLED = "cancelled", "已取消", "cancelled"


class VisitStep(Code):
    """What a person does about a visit: its officer, or, with `offer` and `assign`, also a supervisor."""

    ACCEPT = "accept", "签收", "accept"
    DEPART = "depart", "出发", "depart"
    ARRIVE = "arrive", "到达", "arrive"
    TRIED = "tried", "登记未遇", "one address tried in vain"
    REPORT = "report", "反馈", "report"
    RETURN = "return", "退回", "return"
    OFFER = "offer", "移交", "offer to another unit"
    ASSIGN = "assign", "指派", "assign to an officer"


class Vulnerability(Code):
    """What makes a person easier to deceive, or harder to reach."""

    ELDERLY = "elderly", "老年人", "elderly"
    LIVES_ALONE = "lives_alone", "独居", "lives alone"
    STUDENT = "student", "在校学生", "student"
    MINOR = "minor", "未成年人", "minor"
    HEARING = "hearing", "听力障碍", "hard of hearing"
    SIGHT = "sight", "视力障碍", "poor sight"
    DISABILITY = "disability", "残疾", "disability"
    MENTAL_HEALTH = "mental_health", "精神障碍", "mental health"
    ACCOUNTANT = "accountant", "财务人员", "accountant"


class AddressKind(Code):
    """In visiting order."""

    CURRENT = "current", "当前位置", "current location"
    RESIDENCE = "residence", "现住址", "residence"
    WORK = "work", "工作单位", "work"
    HOTEL = "hotel", "酒店", "hotel"
    BRANCH = "branch", "银行网点", "bank branch"
    REGISTERED = "registered", "户籍", "registered"
    UNKNOWN = "unknown", "类型不详", "of unknown kind"


class Relation(Code):
    """How a named contact stands to the subject."""

    GUARDIAN = "guardian", "监护人", "guardian"
    SPOUSE = "spouse", "配偶", "spouse"
    PARENT = "parent", "父母", "parent"
    CHILD = "child", "子女", "child"
    GRANDPARENT = "grandparent", "祖父母", "grandparent"
    SIBLING = "sibling", "兄弟姐妹", "sibling"
    RELATIVE = "relative", "亲属", "relative"
    EMPLOYER = "employer", "单位", "employer"
    COMMUNITY = "community", "社区", "community"
    FRIEND = "friend", "朋友", "friend"
    OTHER = "other", "其他", "other"

    @property
    def person(self) -> Person:
        if self is Relation.GUARDIAN:
            return Person.GUARDIAN
        return Person.FAMILY if self in KIN else Person.OTHER


KIN = frozenset(
    {Relation.SPOUSE, Relation.PARENT, Relation.CHILD, Relation.GRANDPARENT, Relation.SIBLING, Relation.RELATIVE}
)


class IdType(Code):
    """What an identity number stands on. Residence permits of Hong Kong, Macau and Taiwan people have a resident's."""

    RESIDENT = "resident", "居民身份证", "resident identity card"
    PASSPORT = "passport", "护照", "passport"
    HK_MACAU_PERMIT = "hk_macau_permit", "港澳居民来往内地通行证", "travel permit of Hong Kong and Macau residents"
    TAIWAN_PERMIT = "taiwan_permit", "台湾居民来往大陆通行证", "travel permit of Taiwan residents"
    RESIDENCE_PERMIT = "residence_permit", "港澳台居民居住证", "residence permit"
    FOREIGN_RESIDENCE = "foreign_residence", "外国人永久居留身份证", "foreign permanent resident card"


class IntakeStatus(Code):
    ACCEPTED = "accepted", "已受理", "accepted"
    DUPLICATE = "duplicate", "重复", "duplicate"
    CONFLICT = "conflict", "冲突", "conflict"
    STALE = "stale", "旧版本", "stale"
    REFUSED = "refused", "已拒收", "refused"


class WorkItemKind(Code):
    """What a person has to do beside a visit: about a case, or about what keeps cases from being worked on."""

    FOLLOW_UP = "follow_up", "回访", "follow-up"
    LIFT_PROTECTION = "lift_protection", "到期解除账户保护", "lift the account protection"
    NUMBER_REQUEST = "number_request", "请求补充号码", "ask the source for a number"
    OPERATOR_HELP = "operator_help", "请运营商协查", "ask the telecom operator for help"
    ADDRESS_REQUEST = "address_request", "请求补充地址", "ask the source for an address"
    PRECINCT_UNKNOWN = "precinct_unknown", "地址辖区代码无法识别,请核定", "precinct of an address unknown: say which"
    CASE_REPORT = "case_report", "转接处警", "hand the case report to 110 and the precinct"
    LOOK_BACK = "look_back", "劝后被骗倒查", "look-back"
    CONFLICT = "conflict", "核对冲突指令", "compare the conflicting instruction"
    URGENCY_REVIEW = "urgency_review", "来源已下调紧急程度,请核定", "a source lowered the urgency: decide on it"
    HELD_CASE = "held_case", "搁置中的案件收到新指令,请核定", "a case on hold was warned about again: decide on it"
    FEEDBACK_REVIEW = "feedback_review", "来源反馈与现有结论不一致,请核定", "a source contradicts the case: decide"
    SAME_PERSON = "same_person", "两案疑为同一人,请核对", "two open cases may be of one person: compare them"
    CONTACT_REVIEW = "contact_review", "联系人关系不明,请人工联系", "relation not understood: call by hand"
    EMPLOYER_APPROVAL = (
        "employer_approval",
        "其他人均未联系上,请审批是否联系单位",
        "nobody reached: may the employer be called",
    )
    DOUBT = "doubt", "是否送达无法确认,请人工致电本人", "nobody knows whether it arrived: ring the person"
    NOT_SENT = "not_sent", "多次发送失败,请人工联系", "sending fails again and again: reach them otherwise"
    FAULT = "fault", "系统故障,请人工跟进本案", "a fault of the program holds this case up: see to it by hand"
    LADDER_EXHAUSTED = "ladder_exhausted", "上门单无人承接,请指派民警", "nobody took the visit: assign an officer"
    VISIT_OVERDUE = "visit_overdue", "上门超时,请督办", "a visit is late: see to it"
    TRANSFER_OFFERED = (
        "transfer_offered",
        "收到移交,请接收或退回",
        "a visit is offered to your unit: accept or refuse it",
    )
    OFFER_LAPSED = "offer_lapsed", "移交无人答复,请协调", "the other unit did not answer: settle who goes"
    VISIT_RESULT = "visit_result", "上门未果,请决定下一步", "the visit came to nothing: decide what comes next"
    PLAN_EXHAUSTED = "plan_exhausted", "自动措施已用尽,请决定下一步", "nothing left to do by itself: decide what next"
    EXPIRED = "expired", "到达时已过期,请恢复或结案", "expired on arrival: revive or close the case"
    SUPPRESSED = "suppressed", "近期曾误报,请恢复或结案", "a false alarm a short time ago: revive or close the case"
    PAUSED = "paused", "暂停中,到期请恢复", "paused: resume it in time"
    BANK_NOT_REACHED = "bank_not_reached", "未能联系银行,请人工致电", "the bank was not reached: ring it"
    URGENT_REFUSED = "urgent_refused", "紧急指令未被受理,请更正后重推", "an urgent line was refused: mend it, push it"
    PROVIDER_OUT = "provider_out", "渠道停用,请处理", "a provider is out of use: see to it"
    EMPTY_SHIFT = "empty_shift", "班次将无人值守,请排班", "nobody is on duty in a coming shift: fill it"
    POLICY_ODD = "policy_odd", "处置策略有可疑之处,请核对", "something about the policy is odd: check it"


class WorkItemState(Code):
    """Where a work item stands."""

    OPEN = "open", "待处理", "open"
    TAKEN = "taken", "处理中", "taken"
    DONE = "done", "已办结", "done"
    CANCELLED = "cancelled", "已取消", "cancelled"


class FaultPoint(Code):
    """What was being done when it raised."""

    CLAIM = "claim", "准备发送", "getting a message ready"
    RECORD = "record", "记录发送结果", "recording what came of a call"
    EXPIRE = "expire", "处理超时发送", "ending a lease"
    SETTLE = "settle", "处理回执", "settling a receipt"
    DECIDE = "decide", "决定后续处置", "deciding what comes next"


class Health(Code):
    """How a provider stands."""

    CLOSED = "closed", "正常", "in use"
    OPEN = "open", "熔断", "breaker open"
    RETURNING = "returning", "恢复中", "coming back"
    OUT = "out", "故障停用", "out, to be mended"
    PAUSED = "paused", "人工暂停", "paused"


class Cause(Code):
    """Why a provider's standing changed."""

    FAULT = "operations_fault", "余额、凭据或配置故障", "balance, credentials or set-up"
    IN_A_ROW = "in_a_row", "连续失败", "failures in a row"
    ERRORS = "errors", "失败占比过高", "too many failures"
    DOUBTS = "doubts", "存疑占比过高", "too many in doubt"
    SLOW = "slow", "响应过慢", "slow"
    COOLED = "cooled_down", "冷却结束,试用", "cooled down, on trial"
    ANSWERS = "answers_again", "重新应答,试用", "answers again, on trial"
    STEP = "step", "表现良好,加量", "well so far, given more"
    BACK = "back", "完全恢复", "fully back"
    PAUSED = "paused", "人工暂停", "paused by a person"
    RESUMED = "resumed", "人工恢复", "resumed by a person"


class Onward(Code):
    """What a refusal lets the plan do at once."""

    NEXT_PROVIDER = "next_provider", "改走下一服务商", "the next provider"
    NEXT_CHANNEL = "next_channel", "改走下一渠道", "the next channel"


class FollowUp(Code):
    """What a follow-up finds; the form's first field."""

    SAFE = "SAFE", "未再受骗", "safe"
    CONTACTED_AGAIN = "CONTACTED_AGAIN", "再次被联系", "contacted again"
    DEFRAUDED = "DEFRAUDED", "已被骗", "defrauded"
    NOT_REACHED = "NOT_REACHED", "未能联系", "not reached"


class LinkKind(Code):
    SHARED_NUMBER = "shared_number", "同号关联", "shares a number"
    WARNED_BEFORE = "warned_before", "三十日内曾预警", "warned before"
    SPLIT = "split", "拆分", "split"
    SAME_PERSON = "same_person", "疑为同一人", "may be the same person"


class TransferState(Code):
    OFFERED = "offered", "待接收", "offered"
    ACCEPTED = "accepted", "已接收", "accepted"
    REFUSED = "refused", "已拒收", "refused"
    LAPSED = "lapsed", "逾期未接收", "not answered in time"
    REPORTED = "reported", "已反馈", "reported back"
    RECALLED = "recalled", "已收回", "taken back"


class Rung(Code):
    """The escalation ladder, bottom to top."""

    OFFICER = "officer", "值班民警", "officer on duty"
    STATION_LEADER = "station_leader", "派出所值班领导", "station duty leader"
    COUNTY_DESK = "county_desk", "县级值班台", "county duty desk"
    CENTRE = "centre", "反诈中心", "centre"


class Role(Code):
    """In which capacity a person acts, lowest first: the ladder's rungs, and those who stand beside it."""

    OFFICER = "officer", "民警", "officer"
    STATION_LEADER = "station_leader", "派出所值班领导", "station duty leader"
    COUNTY_DESK = "county_desk", "县级值班台", "county duty desk"
    OPERATOR = "operator", "反诈中心值班员", "operator of the centre"
    SUPERVISOR = "supervisor", "主管", "supervisor"


class Act(Code):
    """What a person does under a name, where not everybody may."""

    CLOSE = "close", "结案", "close a case"
    REOPEN = "reopen", "重启案件", "reopen a case"
    REVIVE = "revive", "恢复案件", "revive a case"
    PAUSE = "pause", "暂停计时", "pause a case"
    RESUME = "resume", "恢复计时", "resume a case"
    CALL = "call", "批准呼叫", "approve a call"
    PROTECT = "protect", "申请账户保护", "ask for account protection"
    LIFT = "lift", "解除账户保护", "lift account protection"
    LOCATE = "locate", "登记本人所在地", "say where the person is"
    SPLIT = "split", "拆分指令", "split an instruction off"
    ASSIGN = "assign", "指派民警", "assign a visit"
    OFFER = "offer", "移交上门单", "offer a visit to another unit"
    ANSWER_OFFER = "answer_offer", "答复移交", "answer an offered visit"
    REPORT_TRANSFER = "report_transfer", "反馈移交结果", "report on a transferred visit"
    CORRECT = "correct", "更正反馈", "correct a report"
    HANDLE_ITEM = "handle_item", "办理该待办", "handle this work item"
    READ_CARD = "read_card", "查看上门卡", "read a visit's card"
    READ_REMARKS = "read_remarks", "查看理由与备注", "read reasons and remarks"
    SEARCH = "search", "按号码或姓名查找", "search by a number or a name"
    HANDLE_PROVIDER = "handle_provider", "停用或恢复渠道", "pause or resume a provider"
    APPROVE_TEXTS = "approve_texts", "批准预警文本", "approve texts"


class ClientScope(Code):
    """What a client of the API may do."""

    PUSH = "push", "推送", "push instructions"
    READ = "read", "查询", "read what became of them"
    FEEDBACK = "feedback", "反馈", "give feedback and later losses"
    CALLBACK_CHECK = "callback_check", "核验任务码", "check task codes"


class SourceEvent(Code):
    """What a source is told of its cases."""

    ACCEPTED = "accepted", "已受理", "accepted"
    FLAGGED = "flagged", "已受理,内容存疑", "accepted, with doubts"
    ASKED = "asked", "请来源补充或核对", "the source is asked"
    CONTACTED = "contacted", "首次有效联系", "first true contact"
    ESCALATED = "escalated", "已升级", "escalated"
    OVERDUE = "overdue", "上门已超时", "a visit is late"
    MET = "met", "已见面", "met"
    RESOLVED = "resolved", "已有结论", "resolved"
    REOPENED = "reopened", "已重启", "reopened"


class DeliveryState(Code):
    """Where an event stands on its way to one webhook."""

    WAITING = "waiting", "待送达", "waiting"
    TAKEN = "taken", "对方已接收", "taken"
    DEAD = "dead", "已停止投递", "dead letter"


class AddressFault(Code):
    """Why nothing is sent to an address."""

    MALFORMED = "malformed", "网址格式有误", "no address that can be used"
    SCHEME = "scheme", "只可使用 https", "https alone, unless the setting says http"
    USERINFO = "userinfo", "网址中不得含账号口令", "no user or password in an address"
    UNRESOLVED = "unresolved", "域名无法解析", "the name is not known"
    NOT_ALLOWED = "not_allowed", "不在允许的主机或网段内", "neither the host nor its network is allowed"
    LOOPBACK = "loopback", "指向本机", "it leads to this machine"
    RESERVED = "reserved", "指向链路本地、元数据或保留地址", "it leads to a link-local, metadata or reserved address"


FRAUD_TYPES = (*(f"F{n:02d}" for n in range(1, 18)), "F99")
GENERIC_FRAUD_TYPE = "F99"
MINORS_FRAUD_TYPE = "F13"  # the wording that a guardian gets, whatever the scam
REMOTE_CONTROL_TYPE = "F17"  # the wording for whoever's phone is thought to be controlled, whatever the scam

# A number that can't be reached at all: not retried on that number.
PERMANENT_RESULTS = frozenset({Result.FAILED_PERMANENT, Result.INVALID_NUMBER, Result.OUT_OF_SERVICE})
ANSWERED_BY_STRANGER = frozenset({Result.ANSWERED_NOT_SUBJECT, Result.SUSPECTED_FORWARDING})
