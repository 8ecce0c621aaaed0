"""The commands, in the order of `dispatcher --help`, each with its help: those words stand in its own module too.

A command's module has its name. It is loaded only when the command is wanted, so that is what it takes to list them.
"""

from collections.abc import Mapping

COMMANDS: Mapping[str, str] = {
    "up": "启动全部服务 / start what is missing: database, Redis, schema, workers, sweep, API. Ctrl-C stops all.",
    "sweep": "巡检进程:补发唤醒、处理超时 / the sweep: rings for due work, expires leases.",
    "migrate": "升级数据库结构 / bring the database to the newest schema, and prove that the keys open it.",
    "recheck": "按现行规则复核在办案件,只列差异;--apply 更新 / what open cases would say by today's rules.",
    "new-key": "新建密钥文件,一次即可;丢失则数据无法恢复 / make the key file, once. "
    "Lost keys mean lost data: back it up.",
    "watch": "值守监控:任务停滞、无人负责、巡检停摆等即告警 / the dead-man watch: alarms when warnings stop moving.",
    "providers": "渠道 / the gateways: how they stand, check, test, pause, resume.",
    "push": "推送预警指令与事件 / push instructions and events. Exit 3 if some were refused.",
    "log": "劝阻日志 / the dissuasion log: one line per attempt.",
    "case": "案件 / cases: list, show; `case ID` shows one.",
    "schema": "JSON Schema 格式说明 / JSON Schema of what is pushed.",
    "visit": "上门劝阻任务 / door visits: list, assign, card, accept, depart, arrive, tried, report, correct, return.",
    "transfer": "移交 / visits for another unit: list, offer, accept, refuse, report.",
    "decide": "主管决定 / decide on a case: revive, close, reopen, pause, resume, call, protect, lift, locate, split.",
    "code": "核验任务码:只答是或否 / check a task code: yes or no.",
    "worklist": "待办:什么在等人处理,紧急与逾期的在前 / what waits for a person, most urgent and most overdue first.",
    "item": "待办 / one work item: show, take, done, hand-over.",
    "feedback": "反馈 / what sources are told, and what they said: list.",
    "kpi": "考核指标,分母固定 / KPIs with fixed denominators.",
    "verify": "核对劝阻日志:编号无缺;--rebuild 与数据表逐行一致 / check the journal: no gap, and equal to the tables.",
    "client": "接口客户端 / clients of the API: create, rotate, revoke, list.",
    "webhook": "进展推送 / webhooks that tell sources: create, rotate, remove, list, dead, replay.",
    "roster": "值班表 / the duty roster: load, show.",
    "quarantine": "隔离区 / lines that could not be taken: list, show, push.",
    "texts": "预警文本 / what people are told: version, preview, check, approve.",
    "policy": "处置策略 / the policy: check, upgrade, show.",
    "vocabulary": "词表 / the words of the sources: check, show.",
    "simulate": "按剧本演示 / feed a sample file, or an invented week: all at their times, people as scripted.",
    "demo": "演示:自带样例从推送到日志 / the sample cases on the real stack, then the log. Nothing real is sent.",
    "bench": "基准测试,与对照同场进行 / benchmarks beside their baselines.",
}
# They load neither SQLAlchemy nor Celery, and log nothing.
WITHOUT_DATABASE = frozenset({"schema", "texts", "policy", "vocabulary"})
