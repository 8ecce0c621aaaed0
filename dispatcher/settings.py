"""Settings from the environment (prefix DISPATCHER_), and from a running `dispatcher up` where there is one.

`up` writes what it started to HOME/run.json; every other command joins it through that file.
"""

import json
import os
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeVar

from platformdirs import user_data_path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from dispatcher.errors import OperatorError
from dispatcher.owners import denied
from schemas.validation_errors import faults

RUN_FILE = "run.json"
_LAST_PORT = 65535
_NEAR = 2  # letters left out or too many; one that is another counts as both


class FromEnvironment(BaseModel):
    """Each field is a variable, its name in capitals after the prefix. One that is empty counts as not set."""

    model_config = ConfigDict(frozen=True)

    prefix: ClassVar[str]


Kind = TypeVar("Kind", bound=FromEnvironment)


class Settings(FromEnvironment):
    prefix = "DISPATCHER_"

    # However it is spelled it is one home: what runs under it is known by its path.
    home: Annotated[Path, AfterValidator(Path.resolve)] = user_data_path("dispatcher")
    database_url: str | None = None
    redis_url: str | None = None
    embedded: Literal["auto", "never"] = "auto"
    policy_file: Path | None = None
    vocabulary_file: Path | None = None
    providers_file: Path | None = None
    without: str = ""  # channels that are meant to have no provider
    texts_folder: Path | None = None
    clock: str = "real"
    language: Literal["zh-CN", "en"] = "zh-CN"  # of what the commands print
    key_file: Path | None = None
    hooks_host: str = "127.0.0.1"
    hooks_port: int = Field(default=8621, ge=0, le=_LAST_PORT)
    hooks_url: str | None = None  # as gateways reach it, where that differs from host and port
    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8600, ge=0, le=_LAST_PORT)
    api_trusted_proxies: str = ""  # networks whose Client-Cert and X-Forwarded-For are believed
    webhook_allowed: str = ""  # hosts and networks that events may be sent to
    workers: int = Field(default=2, ge=1)  # that deliver, on all hosts: they share the limits where Redis is away
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @property
    def key_path(self) -> Path:
        return self.key_file or self.home / "keys.json"

    @property
    def hooks_base(self) -> str:
        return self.hooks_url or local_url(self.hooks_host, self.hooks_port)


def local_url(host: str, port: int | str) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Running(BaseModel):
    """What a running `up` tells the other commands. Holds URLs with passwords, so the file is 0600."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    pid: int
    started: float
    environment: dict[str, str]


@cache
def settings() -> Settings:
    """The settings of this process. Raises OperatorError."""
    own = read_as(Settings)
    if own.database_url and own.redis_url and not os.access(own.home, os.X_OK):
        return own  # nothing of `up` is needed
    running = read_running(own.home)
    if running is None:
        return own
    for name, value in running.environment.items():
        os.environ.setdefault(name, value)
    if own.hooks_port == 0:  # free to choose: what `up` has chosen counts
        os.environ["DISPATCHER_HOOKS_PORT"] = running.environment["DISPATCHER_HOOKS_PORT"]
    return read_as(Settings)


def database_url() -> str:
    """Raises OperatorError where there is neither a URL nor a running `up`."""
    return _required(settings().database_url, "DISPATCHER_DATABASE_URL")


def redis_url() -> str:
    """Raises OperatorError where there is neither a URL nor a running `up`."""
    return _required(settings().redis_url, "DISPATCHER_REDIS_URL")


def _required(value: str | None, variable: str) -> str:
    if value:
        return value
    raise OperatorError(
        f"未设置 {variable},{settings().home} 下也没有正在运行的 dispatcher;请先运行 dispatcher up 或设置该变量",
        f"{variable} is not set and no dispatcher is running under {settings().home}; "
        "start `dispatcher up`, or set the variable",
    )


def read_running(home: Path) -> Running | None:
    """The `up` that runs under this home, if its process is still the one that wrote the file.

    Raises OperatorError for a home that is closed to us.
    """
    try:
        running = Running.model_validate_json((home / RUN_FILE).read_bytes())
    except PermissionError as error:
        raise denied(home / RUN_FILE, error) from None
    except (OSError, ValidationError):
        return None
    return running if _started(running.pid) == running.started else None


def write_running(home: Path, environment: dict[str, str]) -> None:
    running = Running(pid=os.getpid(), started=_started(os.getpid()) or 0.0, environment=environment)
    descriptor = os.open(home / RUN_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(running.model_dump(), file)


def _started(pid: int) -> float | None:
    """When this process began; None if there is none."""
    import psutil  # a command that finds no running `up` does without

    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def _check_spelling(prefix: str, known: set[str]) -> None:
    """A variable that is nearly one of ours would be out of force in silence. Raises OperatorError.

    Not every other one: a secret's variable has the name that its owner gave it.
    """
    others = sorted(name for name, value in os.environ.items() if value and name.startswith(prefix))
    for name in (name for name in others if name not in known):
        if right := _meant(name, known):
            raise OperatorError(f"没有环境变量 {name};是否为 {right}?", f"{name} is unknown; did you mean {right}?")


def _meant(name: str, known: set[str]) -> str | None:
    """The one of ours that this is nearly; a name that goes on behind one of ours is meant to be another."""
    from difflib import SequenceMatcher  # most commands do without

    if any(name.startswith(f"{each}_") for each in known):
        return None
    for each in sorted(known):
        same = SequenceMatcher(None, name, each, autojunk=False).get_matching_blocks()
        if len(name) + len(each) - 2 * sum(block.size for block in same) <= _NEAR:
            return each
    return None


def read_as(kind: type[Kind]) -> Kind:
    """Settings of this kind from the environment. Raises OperatorError naming the variable."""
    names = {name: kind.prefix + name.upper() for name in kind.model_fields}
    _check_spelling(kind.prefix, set(names.values()))
    values = {name: os.environ[variable] for name, variable in names.items() if os.environ.get(variable)}
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        fault = faults(error)[0]
        variable = names[fault.key]
        raise OperatorError(f"环境变量 {variable} 取值有误", f"{variable}: {fault.message}") from None
