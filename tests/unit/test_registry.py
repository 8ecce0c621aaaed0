"""PROVIDERS_FILE: every mistake is named with its remedy, and the secret never stands in it."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from dispatcher.up import SIMULATED
from providers import registry
from providers.base import ProviderSettings, SettingsError
from schemas.vocabulary import Channel

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ENVIRONMENT = {
    "CITY_SECRET": SECRET,
    "EMPTY_SECRET": "",
    "BLANK_SECRET": f"{SECRET}\n",
    "QUOTED_SECRET": f'"{SECRET}"',
    "HIDDEN_SECRET": f"whsec_\u200b{SECRET.removeprefix('whsec_')}",
}
GOOD = """
[[providers]]
name = "city-sms"
adapter = "http_gateway"
channels = ["sms"]
secret_env = "CITY_SECRET"
base_url = "https://gateway.invalid/v1"
timeout_s = 3
"""
SECOND = GOOD.replace("city-sms", "city-voice").replace('["sms"]', '["voice", "sms"]')


def read(tmp_path: Path, text: str) -> list[ProviderSettings]:
    path = tmp_path / "providers.toml"
    path.write_text(text, encoding="utf-8")
    return registry.read(path, ENVIRONMENT, "https://police.invalid/hooks/")


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        registry.build(read(tmp_path, text), {})
    assert SECRET not in str(caught.value)
    return str(caught.value)


def test_a_good_file_is_read(tmp_path: Path) -> None:
    (settings,) = read(tmp_path, GOOD)
    assert settings == ProviderSettings(
        name="city-sms",
        adapter="http_gateway",
        channels=frozenset({Channel.SMS}),
        secret=SECRET,
        callback_url="https://police.invalid/hooks/receipts/city-sms",
        options={"base_url": "https://gateway.invalid/v1", "timeout_s": 3},
    )


def test_an_adapter_may_have_several_secrets(tmp_path: Path) -> None:
    (settings,) = read(tmp_path, GOOD + 'access_key_id_env = "CITY_SECRET"\n')
    assert (settings.secret, settings.secrets) == (SECRET, {"access_key_id": SECRET})
    assert "access_key_id_env" not in settings.options
    assert SECRET not in repr(settings)


def names(found: registry.Registry, channel: Channel, country: str | None = None) -> list[str]:
    return [each.name for each in found.reaching(channel, country)]


def test_providers_serve_their_channels_in_the_order_of_the_file(tmp_path: Path) -> None:
    async def scenario() -> None:
        found = registry.build(read(tmp_path, GOOD + SECOND), {})
        assert names(found, Channel.SMS) == ["city-sms", "city-voice"]
        assert names(found, Channel.VOICE) == ["city-voice"]
        assert names(found, Channel.VISIT) == []
        assert found["city-voice"] is found.get("city-voice")
        assert found.get(None) is found.get("gone") is None
        assert [each.name for each in found.all()] == ["city-sms", "city-voice"]
        await found.close()

    asyncio.run(scenario())


def test_a_weight_is_the_files_or_one(tmp_path: Path) -> None:
    async def scenario() -> None:
        found = registry.build(read(tmp_path, GOOD + "weight = 0\n" + SECOND), {})
        assert [found.weight(name) for name in ("city-sms", "city-voice")] == [0, 1]
        await found.close()

    asyncio.run(scenario())


def test_only_those_that_can_reach_the_country_are_used(tmp_path: Path) -> None:
    async def scenario() -> None:
        at_home = GOOD + 'destinations = ["CN", "GB"]\n'
        found = registry.build(read(tmp_path, at_home + SECOND), {})
        home, anywhere = found["city-sms"], found["city-voice"]
        both = [home.name, anywhere.name]
        assert home.capabilities.destinations == {"CN", "GB"}
        assert anywhere.capabilities.destinations is None
        for country, reaching in ((None, both[1:]), ("CN", both), ("GB", both), ("US", both[1:])):
            assert names(found, Channel.SMS, country) == reaching
            assert names(found, Channel.VOICE, country) == [anywhere.name]
        await found.close()

    asyncio.run(scenario())


def test_a_channel_may_be_served_and_a_country_out_of_reach(tmp_path: Path) -> None:
    async def scenario() -> None:
        found = registry.build(read(tmp_path, GOOD + 'destinations = ["CN"]\n'), {})
        assert names(found, Channel.SMS, "GB") == []
        assert found.serves(Channel.SMS)
        assert names(found, Channel.VOICE) == []
        assert not found.serves(Channel.VOICE)
        await found.close()

    asyncio.run(scenario())


def test_the_simulated_providers_serve_every_channel(tmp_path: Path) -> None:
    path = tmp_path / "providers.toml"
    path.write_text(SIMULATED.format(port=8700), encoding="utf-8")
    tables = registry.read(path, {"DISPATCHER_SIMULATOR_SECRET": SECRET}, "https://police.invalid")

    async def scenario() -> None:
        found = registry.build(tables, {"roster": object()})
        assert all(found.serves(channel) for channel in Channel)
        assert names(found, Channel.SMS, "GB") == []
        assert found["simulated-bank"].capabilities.channels == {Channel.HOOK}
        assert found["simulated-groups"].capabilities.channels == {Channel.BROADCAST}
        await found.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (
            'adapter = "http_gateway"',
            'adapter = "pigeon"',
            ("city-sms", "'pigeon'", "http_gateway", "roster", "make .venv/run"),
        ),
        ('adapter = "http_gateway"\n', "", ("city-sms", "adapter is missing")),
        ('name = "city-sms"\n', "", ("needs a name",)),
        ('name = "city-sms"', 'name = "city sms"', ("needs a name",)),
        ('name = "city-sms"', "name = 7", ("needs a name",)),
        ('channels = ["sms"]', 'channels = ["fax"]', ("city-sms", "channels", "sms, voice")),
        ('channels = ["sms"]', "channels = []", ("city-sms", "channels")),
        ('channels = ["sms"]', 'channels = "sms"', ("city-sms", "channels")),
        ('channels = ["sms"]', 'channels = ["sms"]\nweight = -1', ("city-sms", "weight", "only when no other")),
        ('channels = ["sms"]', 'channels = ["sms"]\nweight = nan', ("city-sms", "weight")),
        ('channels = ["sms"]', 'channels = ["sms"]\nweight = true', ("city-sms", "weight")),
        ('channels = ["sms"]', "channels = [[]]", ("city-sms", "channels")),
        ('channels = ["sms"]\n', "", ("city-sms", "channels")),
        ('channels = ["sms"]', 'channels = ["visit"]', ("city-sms", "channels of http_gateway", "sms, voice")),
        ('adapter = "http_gateway"', 'adapter = "bank_hook"', ("city-sms", "bank_hook", "among: hook")),
        ('adapter = "http_gateway"', 'adapter = "group_notice"', ("city-sms", "group_notice", "among: broadcast")),
        ("timeout_s = 3", 'destinations = "CN"', ("city-sms", "destinations", "leave it out")),
        ("timeout_s = 3", "destinations = []", ("city-sms", "destinations")),
        ("timeout_s = 3", "destinations = [86]", ("city-sms", "destinations")),
        ("timeout_s = 3", "destinations = [[]]", ("city-sms", "destinations")),
        ("timeout_s = 3", 'destinations = ["cn"]', ("city-sms", "destinations")),
        ("timeout_s = 3", 'destinations = ["CN", "UK"]', ("city-sms", "destinations", '"GB"')),
        ("timeout_s = 3", 'destinations = ["CA"]', ("city-sms", "destinations", "all of +1")),
        ('secret_env = "CITY_SECRET"', 'secret_env = "NO_SECRET"', ("city-sms", "NO_SECRET", "not set")),
        ('secret_env = "CITY_SECRET"', 'secret_env = "EMPTY_SECRET"', ("city-sms", "EMPTY_SECRET", "not set")),
        ('secret_env = "CITY_SECRET"', "secret_env = 7", ("city-sms", "secret_env")),
        ("timeout_s = 3", 'access_key_id_env = "NO_ID"', ("city-sms", "access_key_id_env", "NO_ID", "not set")),
        ('secret_env = "CITY_SECRET"\n', "", ("city-sms", "secret_env")),
        ("https://gateway", "ftp://gateway", ("city-sms", "base_url")),
        ("https://gateway.invalid/v1", "https://", ("city-sms", "base_url", "no host")),
        ("https://gateway.invalid/v1", "https:///v1", ("city-sms", "base_url", "no host")),
        ("https://gateway", "https://user:word@gateway", ("city-sms", "base_url", "secret_env")),
        ("invalid/v1", "invalid/v1?key=word", ("city-sms", "base_url", "query")),
        ("invalid/v1", "invalid/v1#part", ("city-sms", "base_url", "fragment")),
        ("invalid/v1", "invalid:99999/v1", ("city-sms", "base_url", "port")),
        ("invalid/v1", "invalid:0/v1", ("city-sms", "base_url", "port")),
        ("invalid/v1", "invalid:port/v1", ("city-sms", "base_url", "port")),
        ("https://gateway", "https://[gateway", ("city-sms", "base_url", "host")),
        ("https://gateway", "https://gate way", ("city-sms", "base_url", "host")),
        ("https://gateway", "https://gate..way", ("city-sms", "base_url", "host")),
        ("https://gateway", f"https://{'g' * 64}", ("city-sms", "base_url", "host")),
        ("https://gateway.invalid", "https://10.0.0.300", ("city-sms", "base_url", "host")),
        ("https://gateway.invalid", "https://-gateway", ("city-sms", "base_url", "host")),
        ("https://gateway.invalid", "https://gateway,other", ("city-sms", "base_url", "host")),
        ("timeout_s = 3", "receipts_from = [7]", ("city-sms", "receipts_from", "10.0.0.0/8")),
        ("timeout_s = 3", "receipts_from = []", ("city-sms", "receipts_from")),
        ("timeout_s = 3", 'receipts_from = "::"', ("city-sms", "receipts_from")),
        ("timeout_s = 3", 'receipts_from = ["10.0.0.1/8"]', ("city-sms", "receipts_from")),
        ("CITY_SECRET", "HIDDEN_SECRET", ("city-sms", "HIDDEN_SECRET", "can't be seen")),
        ('name = "city-sms"', 'name = "市"', ("needs a name",)),
        ("[[providers]]", "[[provider]]\n[[providers]]", ("unknown table provider",)),
        ("CITY_SECRET", "BLANK_SECRET", ("city-sms", "BLANK_SECRET", "blanks or quotes")),
        ("CITY_SECRET", "QUOTED_SECRET", ("city-sms", "QUOTED_SECRET", "blanks or quotes")),
        ("timeout_s = 3", 'timeout_s = "soon"', ("city-sms", "timeout_s")),
        ("[[providers]]", "[providers]", ("[[providers]]",)),
        ("[[providers]]", "[[gateways]]", ("[[providers]]",)),
        ("[[providers]]", "[[providers", ("not valid TOML",)),
    ],
)
def test_a_mistake_is_named_with_its_remedy(tmp_path: Path, old: str, new: str, named: tuple[str, ...]) -> None:
    assert old in GOOD
    message = refusal(tmp_path, GOOD.replace(old, new))
    assert all(each in message for each in named), message


PLAIN = 'channels = ["sms"]\nsecret_env = "CITY_SECRET"\nbase_url = "https://a.invalid"\ntimeout_s = 3\n'
# Of each adapter a table with all the settings that it may have, but for those of `templates` and `limits`.
WHOLE = {
    "http_gateway": PLAIN + 'receipts_from = ["10.0.0.0/8"]\n',
    "number_only": PLAIN,
    "bank_hook": PLAIN.replace('"sms"', '"hook"'),
    "group_notice": PLAIN.replace('"sms"', '"broadcast"'),
    "roster": 'channels = ["visit"]\n',
    "wecom_robot": 'channels = ["broadcast"]\nsecret_env = "KEY"\nbase_url = "https://a.invalid"\ntimeout_s = 3\n',
    "kannel": PLAIN + 'username = "u"\nsender = "96110"\nreceipts_token_env = "KEY"\nreceipts_from = ["10.0.0.0/8"]\n',
}
OURS = 'destinations = ["CN"]\nweight = 2\nslow_s = 1\ntravel_s = 60\nlimits = { rate = ["50/1s"] }\n'


@pytest.mark.parametrize("adapter", WHOLE)
def test_a_setting_that_no_adapter_knows_is_refused_with_the_nearest(tmp_path: Path, adapter: str) -> None:
    """Any letter of any name: a limit, a fence, a timeout would be out of force in silence."""
    path, environment = tmp_path / "providers.toml", ENVIRONMENT | {"KEY": "a-key-that-is-long-enough-for-all-of-them"}
    head = f'[[providers]]\nname = "x"\nadapter = "{adapter}"\n'
    lines = (WHOLE[adapter] + OURS).splitlines()

    async def build(text: str) -> None:
        path.write_text(head + text, encoding="utf-8")
        await registry.build(registry.read(path, environment, "https://police.invalid"), {"roster": object()}).close()

    asyncio.run(build("\n".join(lines)))
    names = [line.partition(" = ")[0] for line in lines]
    for name in names:
        wrong = name[:2] + "qq" + name[4:] if not name.endswith("_env") else name[:2] + "qq" + name[2:]
        text = "\n".join(lines).replace(f"{name} = ", f"{wrong} = ")
        with pytest.raises(SettingsError) as caught:
            asyncio.run(build(text))
        told = str(caught.value)
        assert wrong in told or name in told, told  # unknown, or the one that it stands for is missing
    for wrong, right in (("wieght", "weight"), ("limit", "limits"), ("destination", "destinations")):
        text = "\n".join(lines).replace(f"{right} = ", f"{wrong} = ")
        with pytest.raises(SettingsError, match=f"unknown setting {wrong}; did you mean {right}"):
            asyncio.run(build(text))


def test_a_secret_of_the_wrong_form_is_told_without_it(tmp_path: Path) -> None:
    path = tmp_path / "providers.toml"
    path.write_text(GOOD, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        registry.build(registry.read(path, {"CITY_SECRET": "no-base64-at-all!"}, "https://police.invalid"), {})
    assert "city-sms" in str(caught.value)
    assert "no-base64" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://网关.中国", "http://[::1]:8/v1", "http://a_b.invalid.:80", "https://10.0.0.3"]
)
def test_an_address_that_can_be_built_is_taken(tmp_path: Path, url: str) -> None:
    registry.build(read(tmp_path, GOOD.replace("https://gateway.invalid/v1", url)), {})


class Unforeseen(str):
    def startswith(self, *_: object) -> bool:
        raise LookupError(SECRET)


def test_what_no_adapter_foresaw_is_told_without_its_value(tmp_path: Path) -> None:
    """A password that no header can hold."""
    path = tmp_path / "providers.toml"
    path.write_text(GOOD.replace("http_gateway", "wecom_robot").replace('"sms"', '"broadcast"'), encoding="utf-8")
    (table,) = registry.read(path, ENVIRONMENT, "")
    with pytest.raises(SettingsError, match="provider city-sms: can't be built with these settings"):
        registry.build([replace(table, options={**table.options, "base_url": Unforeseen()})], {})


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    bad = GOOD.replace("timeout_s = 3", "weight = -1\nslow_s = 0") + SECOND.replace("https", "ftp")
    with pytest.raises(SettingsError) as caught:
        path = tmp_path / "providers.toml"
        path.write_text(bad, encoding="utf-8")
        registry.load(path, ENVIRONMENT, "", lambda adapters: {})
    faults = caught.value.faults
    assert [word in fault for word, fault in zip(("weight", "slow_s", "base_url"), faults, strict=True)] == [True] * 3


def test_two_providers_of_one_name_are_refused(tmp_path: Path) -> None:
    assert "names must differ" in refusal(tmp_path, GOOD + GOOD)


def test_a_secret_written_into_the_file_is_not_shown(tmp_path: Path) -> None:
    text = GOOD.replace('secret_env = "CITY_SECRET"', f'secret_env = "{SECRET}"')
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    assert SECRET not in str(caught.value)


def test_a_missing_file_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.toml.*DISPATCHER_PROVIDERS_FILE"):
        registry.read(tmp_path / "absent.toml", ENVIRONMENT, "https://police.invalid")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00"])
def test_a_file_without_tables_or_text_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "providers.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"providers\.toml"):
        registry.read(path, ENVIRONMENT, "https://police.invalid")


def test_settings_do_not_show_the_secret_when_printed(tmp_path: Path) -> None:
    assert SECRET not in repr(read(tmp_path, GOOD))


def test_an_entry_point_whose_module_moved_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "moved-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: moved\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[dispatcher.providers]\nmoved = no_such_module:Adapter\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "installed_adapters", registry.installed_adapters.__wrapped__)
    message = refusal(tmp_path, GOOD.replace('adapter = "http_gateway"', 'adapter = "moved"'))
    assert all(part in message for part in ("city-sms", "'moved'", "no_such_module", "make .venv/run"))
