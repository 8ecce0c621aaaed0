"""`python -m providers.simulator`: serve until SIGTERM or SIGINT. Exit 2, with one line, if it can't start."""

import argparse
import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from providers.simulator.faults import Dice
from providers.simulator.ledger import Ledger
from providers.simulator.receipt_sender import ReceiptSender
from providers.simulator.record import Record, RecordDamagedError
from providers.simulator.web import GatewayApp
from schemas.errors import bilingual

SECRET_VARIABLE = "DISPATCHER_SIMULATOR_SECRET"  # noqa: S105 - the variable's name
_CANNOT_START = 2


class StartError(Exception):
    """Names what is wrong and the remedy, in one line."""


@dataclass(frozen=True, slots=True)
class Options:
    host: str
    port: int
    record: Path
    answer_ms: int
    silent_ms: int
    timeout_hang_s: float


def main() -> int:
    options = _options()
    try:
        secret = _secret()
        record, ledger = _ledger(options.record)
        try:
            asyncio.run(_serve(options, secret, ledger))
        finally:
            record.close()
    except StartError as error:
        print(error, file=sys.stderr)
        return _CANNOT_START
    return 0


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m providers.simulator", description="A gateway with scripted people")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=_port, metavar="N", required=True, help="0: any free one")
    parser.add_argument("--record", type=Path, metavar="FILE", required=True)
    parser.add_argument("--answer-ms", type=int, default=20)
    parser.add_argument("--silent-ms", type=int, default=600, help="receipt of a message whose answer never comes")
    parser.add_argument("--timeout-hang-s", type=float, default=60.0)
    return Options(**vars(parser.parse_args()))


def _port(given: str) -> int:
    if not (given.isdecimal() and int(given) < 65536):
        raise argparse.ArgumentTypeError("must be 0 to 65535")
    return int(given)


def _secret() -> str:
    secret = os.environ.get(SECRET_VARIABLE, "")
    try:
        Webhook(secret)
    except (EmptyWebhookSecretError, ValueError):
        secret = ""
    if not secret.startswith("whsec_"):
        raise StartError(
            bilingual(
                f"环境变量 {SECRET_VARIABLE} 未设置或无效,应为 whsec_ 加 base64",
                f"environment variable {SECRET_VARIABLE} is missing or invalid; set it to whsec_ and base64",
            )
        )
    return secret


def _ledger(path: Path) -> tuple[Record, Ledger]:
    try:
        record = Record(path)
        return record, Ledger(record)
    except OSError as error:
        raise StartError(
            bilingual(
                f"记录文件 {path} 无法写入,请检查 --record",
                f"record file {path} can't be written ({error.strerror}); check --record",
            )
        ) from None
    except RecordDamagedError as error:
        raise StartError(
            bilingual(
                f"记录文件 {path} 已损坏({error}),请换一个 --record",
                f"record file {path} is damaged ({error}); give another --record",
            )
        ) from None


async def _serve(options: Options, secret: str, ledger: Ledger) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    dice = Dice()
    async with ReceiptSender(ledger, dice, secret, options.answer_ms, options.silent_ms) as receipt_sender:
        gateway = GatewayApp(ledger, dice, receipt_sender, secret, options.timeout_hang_s)
        runner = web.AppRunner(gateway.app(), access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            await _listen(runner, options)
            await stop.wait()
        finally:
            await runner.cleanup()


async def _listen(runner: web.AppRunner, options: Options) -> None:
    try:
        await web.TCPSite(runner, options.host, options.port).start()
    except OSError as error:
        raise StartError(
            bilingual(
                f"无法监听 {options.host}:{options.port},端口可能已被占用,请换 --port",
                f"can't listen on {options.host}:{options.port} ({error.strerror}); try another --port",
            )
        ) from None
    print(f"listening on http://{options.host}:{runner.addresses[0][1]}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
