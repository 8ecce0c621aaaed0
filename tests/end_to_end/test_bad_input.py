"""Mistakes: one clear line naming field or setting and the remedy, no traceback, nothing lost."""

import base64
import json
import socket
from pathlib import Path

import pytest

from dispatcher import vault
from tests.end_to_end.conftest import Played
from tests.end_to_end.stack import Answer, Up


def _good(sample_file: Path, number: int) -> dict[str, object]:
    body: dict[str, object] = json.loads(sample_file.read_text("utf-8"))["cases"][1]["instruction"]
    return body | {"instruction_id": f"BAD-A{number}"}


def _one_line(answer: Answer, *words: str) -> None:
    assert answer.code == 2, answer.err
    assert "Traceback" not in answer.err
    assert len(answer.err.strip().splitlines()) == 1, answer.err
    assert all(word in answer.err for word in words), answer.err


def test_refused_lines_name_the_field_and_never_stop_the_others(played: Played, sample_file: Path) -> None:
    victim = _good(sample_file, 0)["victim"]
    assert isinstance(victim, dict)
    lines = [
        ("{not json", "JSON"),
        (json.dumps({"op": "explode"}), "op:"),
        (json.dumps(_good(sample_file, 3) | {"note": "x" * 300_000}), "256 KiB"),
        (
            json.dumps(_good(sample_file, 4) | {"victim": {"phones": [{"number": "138CALLME"}]}}),
            "victim.phones[0]",
        ),
        (json.dumps(_good(sample_file, 5) | {"victim": victim | {"phones": [], "addresses": []}}), "victim:"),
        (json.dumps(_good(sample_file, 6) | {"version": "first", "channels": ["fax"]}), "channels[0]"),
        (json.dumps(_good(sample_file, 8) | {"channels": ["fax"], "valid_until": "soon"}), None),
        (json.dumps(_good(sample_file, 7)), None),
    ]
    answer = played.up.run("push", "-", "--json", stdin="\n".join(text for text, _ in lines) + "\n")
    assert answer.code == 3
    assert len(answer.lines) == len(lines)
    for told, (_, field) in zip(answer.lines, lines, strict=True):
        assert told["status"] == ("accepted" if field is None else "refused")
        assert field is None or field in told["reason"]
        assert "138CALLME" not in json.dumps(told)


def test_refused_lines_are_kept_and_can_be_pushed_again(played: Played, sample_file: Path) -> None:
    body = json.dumps(_good(sample_file, 20) | {"version": "pigeon"}, ensure_ascii=False)
    assert played.up.run("push", "-", stdin=body + "\n").code == 3
    kept = played.up.run("quarantine", "list", "--json").lines[-1]
    assert (kept["field"], kept["door"]) == ("version", "push")
    shown = played.up.run("quarantine", "show", kept["id"])
    assert json.loads(shown.out) == json.loads(body)
    assert played.up.run("quarantine", "push", kept["id"]).code == 3
    mended = shown.out.replace('"pigeon"', "1")
    assert played.up.run("push", "-", "--json", stdin=mended).lines[0]["status"] == "accepted"


def test_an_unreadable_push_file(played: Played) -> None:
    _one_line(played.up.run("push", "/no/such/file"), "/no/such/file")


def test_a_wrong_key(played: Played, tmp_path: Path) -> None:
    vault.load(tmp_path / "other.json", make=True)
    stranger = Up(played.up.home, played.up.settings | {"DISPATCHER_KEY_FILE": str(tmp_path / "other.json")})
    _one_line(stranger.run("log"), "DISPATCHER_KEY_FILE")


def test_an_unknown_case(played: Played) -> None:
    _one_line(played.up.run("case", "NO-SUCH"), "NO-SUCH")


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"DISPATCHER_DATABASE_URL": "nonsense"}, "DISPATCHER_DATABASE_URL"),
        ({"DISPATCHER_DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "DISPATCHER_DATABASE_URL"),
        ({"DISPATCHER_CLOCK": "sundial"}, "DISPATCHER_CLOCK"),
        ({"DISPATCHER_EMBEDDED": "never"}, "DISPATCHER_DATABASE_URL"),
        ({"DISPATCHER_POLICY_FILE": "bad-policy.toml"}, "urgency.critical.voice.again"),
        ({"DISPATCHER_PROVIDERS_FILE": "bad-providers.toml"}, "pigeon_post"),
        ({"DISPATCHER_PROVIDERS_FILE": "sms-alone.toml"}, "DISPATCHER_WITHOUT=voice,visit"),
        ({"DISPATCHER_PROVIDERS_FILE": "sms-alone.toml", "DISPATCHER_WITHOUT": "voice"}, "WITHOUT=voice,visit"),
        ({"DISPATCHER_WITHOUT": "voice,fax"}, "fax"),
        ({"DISPATCHER_PROVIDER_FILE": "bad-providers.toml"}, "DISPATCHER_PROVIDERS_FILE"),
        ({"DISPATCHER_REDIS_URL": "redis://127.0.0.1:1/0"}, "DISPATCHER_REDIS_URL"),
        ({"DISPATCHER_API_PORT": "65536"}, "DISPATCHER_API_PORT"),
        ({"DISPATCHER_HOOKS_HOST": "198.51.100.7"}, "DISPATCHER_HOOKS_HOST"),
    ],
)
def test_up_with_a_mistaken_setting(tmp_path: Path, settings: dict[str, str], named: str) -> None:
    from dispatcher import policy

    defaults = (Path(policy.__file__).parent / "defaults.toml").read_text("utf-8")
    (tmp_path / "bad-policy.toml").write_text(defaults.replace('again = "3m"', 'again = "often"'), "utf-8")
    providers = '[[providers]]\nname = "a"\nadapter = "pigeon_post"\nchannels = ["sms"]\n'
    (tmp_path / "bad-providers.toml").write_text(providers, "utf-8")
    (tmp_path / "sms-alone.toml").write_text(
        providers.replace("pigeon_post", "http_gateway")
        + 'base_url = "http://127.0.0.1:9"\nsecret_env = "GATEWAY_SECRET"\n',
        "utf-8",
    )
    settings |= {"GATEWAY_SECRET": "whsec_" + base64.b64encode(b"s" * 32).decode()}
    here = {name: str(tmp_path / text) if text.endswith(".toml") else text for name, text in settings.items()}
    answer = Up(tmp_path / "home", here).run("up")
    assert answer.code == 2 and "Traceback" not in answer.err
    assert named in answer.err.strip().splitlines()[-1]


def test_up_with_the_hooks_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = {"DISPATCHER_HOOKS_PORT": str(taken.getsockname()[1])}
        answer = Up(tmp_path / "home", settings).run("up")
    assert answer.code == 2
    assert "DISPATCHER_HOOKS_PORT" in answer.err and "Traceback" not in answer.err


def test_a_worker_with_a_mistaken_provider_file_says_so_and_ends(played: Played, tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    file.write_text('[[providers]]\nname = "a"\nadapter = "pigeon_post"\nchannels = ["sms"]\n', "utf-8")
    by_hand = Up(played.up.home, played.up.settings | {"DISPATCHER_PROVIDERS_FILE": str(file)})
    answer = by_hand.run(
        "-A", "tasks", "worker", "-P", "threads", "-c", "1", "-Q", "x", program="celery", cwd=Path("/")
    )
    assert answer.code != 0
    assert "pigeon_post" in answer.err and "Traceback" not in answer.err
