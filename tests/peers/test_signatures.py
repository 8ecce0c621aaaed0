"""Our signatures and bodies beside those of the vendors' own SDKs, on loopback. Prints what crossed (pytest -s)."""

import asyncio
import hashlib
import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import pytest
from alibabacloud_dysmsapi20170525 import models as sms_models
from alibabacloud_dysmsapi20170525.client import Client as SmsClient
from alibabacloud_dyvmsapi20170525 import models as vms_models
from alibabacloud_dyvmsapi20170525.client import Client as VmsClient
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_openapi.utils import Utils
from darabonba.request import DaraRequest
from ledger import crossed
from spec import check, shipped
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111 import models as tencent_models
from tencentcloud.sms.v20210111.sms_client import SmsClient as TencentSmsClient
from test_adapter_contract import NUMBER, SENT_AT, message, settings
from vendor_stub import Asked, Says, Stub, stub
from vendors import REF, VENDORS

from providers import registry
from providers.aliyun import acs3
from providers.base import Accepted, Answered, Inquiry, OperationsFault, Outcome, Provider, Status
from providers.tencent import tc3
from schemas.vocabulary import Result

REQUESTS = 200
ALPHABET = "abc XYZ019-_.~!*'()+/=&%?#@,;:\"{}[]|\\^`<>$云汀反诈退款😀é\n"
PEERS = (
    *("alibabacloud-tea-openapi", "alibabacloud-dysmsapi20170525", "alibabacloud-dyvmsapi20170525"),
    *("tencentcloud-sdk-python-sms", "tccli"),
)
SPECS = {"sms": shipped("sms", "v20210111", "api.json"), "vms": shipped("vms", "v20200902", "api.json")}


@pytest.fixture(scope="module", autouse=True)
def versions() -> Iterator[None]:
    print("\n" + "\n".join(f"{name} {version(name)}" for name in PEERS))
    yield


def words(dice: random.Random) -> str:
    return "".join(dice.choices(ALPHABET, k=dice.randint(1, 40)))


def captured(says: Says, ask: Callable[[str], Any], times: int = 1) -> list[Asked]:
    """What an SDK sends to a stub that answers this, asked so many times."""

    async def staged() -> list[Asked]:
        async with stub() as made:
            made.says = says
            for _ in range(times):
                await asyncio.to_thread(ask, made.url.removeprefix("http://"))
            return made.asked

    return asyncio.run(staged())


def aliyun(client: Any, host: str) -> Any:
    return client(Config(access_key_id="AKID", access_key_secret="the-secret", endpoint=host, protocol="http"))


def tencent(host: str) -> Any:
    profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=host))
    return TencentSmsClient(Credential("TID", "the-secret"), "ap-guangzhou", profile)


def of_sdk(asked: Asked) -> str:
    """Aliyun's SDK signs this very request: what it says."""
    again = DaraRequest()
    again.method, again.pathname, again.query = asked.method, asked.path, asked.parameters
    names = asked.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    again.headers = {name: asked.headers[name] for name in names}
    digest = hashlib.sha256(asked.body).hexdigest()
    return str(Utils.get_authorization(again, "ACS3-HMAC-SHA256", digest, "AKID", "the-secret"))


def test_the_aliyun_sdk_signs_as_we_do() -> None:
    dice = random.Random(5)

    def ask(host: str) -> None:
        aliyun(SmsClient, host).send_sms(
            sms_models.SendSmsRequest(
                phone_numbers="15400000001",
                sign_name=words(dice),
                template_code=words(dice),
                template_param=json.dumps({words(dice): words(dice)}, ensure_ascii=False),
                out_id=words(dice),
            )
        )

    seen = captured(VENDORS["aliyun_sms"].accepts, ask, REQUESTS)
    for asked in seen:
        names = asked.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
        ours = acs3.authorization(
            "AKID",
            "the-secret",
            acs3.query_string(asked.parameters),
            {name: asked.headers[name] for name in names},
            hashlib.sha256(asked.body).hexdigest(),
        )
        assert ours == asked.headers["authorization"] == of_sdk(asked)
    assert len({asked.headers["authorization"] for asked in seen}) == REQUESTS
    told = f"{len(seen)} requests, each signed the same by us"
    crossed("alibabacloud-dysmsapi20170525", version("alibabacloud-dysmsapi20170525"), told)


def test_the_tencent_sdk_signs_as_we_do() -> None:
    dice = random.Random(7)

    def ask(host: str) -> None:
        request = tencent_models.SendSmsRequest()
        request.PhoneNumberSet = [NUMBER]
        request.SmsSdkAppId, request.TemplateId = words(dice), words(dice)
        request.SignName, request.SessionContext = words(dice), words(dice)
        request.TemplateParamSet = [words(dice) for _ in range(dice.randint(0, 4))]
        tencent(host).SendSms(request)

    seen = captured(VENDORS["tencent_sms"].accepts, ask, REQUESTS)
    for asked in seen:
        ours = tc3.authorization(
            "TID",
            "the-secret",
            "sms",
            asked.headers["host"],
            asked.headers["content-type"],
            datetime.fromtimestamp(int(asked.headers["x-tc-timestamp"]), UTC),
            asked.body,
        )
        assert ours == asked.headers["authorization"]
    assert len({asked.body for asked in seen}) == REQUESTS
    told = f"{len(seen)} requests, each signed the same by us"
    crossed("tencentcloud-sdk-python-sms", version("tencentcloud-sdk-python-sms"), told)


def ours(name: str, says: Says, ask: Callable[[Provider], Any]) -> tuple[Asked, Any]:
    """What our adapter sends, and what it makes of the answer."""

    async def staged() -> tuple[Asked, Any]:
        async with stub() as made:
            made.says = says
            provider = registry.build([settings(name, made.url)], {})[name]
            said = await ask(provider)
            await provider.close()
            return last(made), said

    return asyncio.run(staged())


def last(made: Stub) -> Asked:
    return made.asked[-1]


def sent(name: str, says: Says | None = None) -> tuple[Asked, Outcome]:
    vendor = VENDORS[name]
    return ours(name, says or vendor.accepts, lambda provider: provider.send(message(vendor)))


def queried(name: str, says: Says) -> tuple[Asked, Status]:
    return ours(name, says, lambda provider: provider.query(Inquiry("k" * 36, REF, NUMBER, SENT_AT)))


def test_our_requests_to_aliyun_are_those_of_its_sdk() -> None:
    """The same fields in the same place, by an SDK that is given our values, and signed as it would."""
    empty = Says({"Code": "OK"})
    pairs: list[tuple[Asked, Any, Any, str]] = [
        (sent("aliyun_sms")[0], SmsClient, sms_models.SendSmsRequest, "send_sms"),
        (sent("aliyun_voice")[0], VmsClient, vms_models.IvrCallRequest, "ivr_call"),
        (queried("aliyun_sms", empty)[0], SmsClient, sms_models.QuerySendDetailsRequest, "query_send_details"),
        (
            queried("aliyun_voice", empty)[0],
            VmsClient,
            vms_models.QueryCallDetailByCallIdRequest,
            "query_call_detail_by_call_id",
        ),
    ]
    for mine, client, model, method in pairs:
        request = model().from_map(nested(mine.parameters))
        [theirs] = captured(empty, lambda host: getattr(aliyun(client, host), method)(request))  # noqa: B023
        assert theirs.parameters == mine.parameters
        assert (theirs.method, theirs.path, theirs.body) == (mine.method, mine.path, mine.body)
        for header in ("x-acs-action", "x-acs-version", "x-acs-content-sha256"):
            assert theirs.headers[header] == mine.headers[header]
        assert of_sdk(mine) == mine.headers["authorization"]
        told = f"{mine.headers['x-acs-action']} as its SDK sends it: {', '.join(sorted(mine.parameters))}"
        crossed("alibabacloud SDKs", version("alibabacloud-tea-openapi"), told)


def nested(parameters: dict[str, str]) -> dict[str, Any]:
    """The list that an RPC query spells out, put together again."""
    menu = {name.rsplit(".")[-1]: value for name, value in parameters.items() if name.startswith("MenuKeyMap.1.")}
    flat: dict[str, Any] = {name: value for name, value in parameters.items() if "." not in name}
    return flat | ({"MenuKeyMap": [menu]} if menu else {})


def test_our_bodies_to_tencent_keep_to_its_spec() -> None:
    empty = Says({"Response": {"RequestId": "r"}})
    for asked, service in (
        (sent("tencent_sms")[0], "sms"),
        (queried("tencent_sms", empty)[0], "sms"),
        (sent("tencent_voice")[0], "vms"),
    ):
        action = asked.headers["x-tc-action"]
        assert asked.headers["x-tc-version"] == SPECS[service]["metadata"]["apiVersion"]
        check(SPECS[service], SPECS[service]["actions"][action]["input"], asked.json)
        crossed("tccli", version("tccli"), f"{action} {SPECS[service]['metadata']['apiVersion']} keeps to its spec")


@pytest.mark.parametrize("body", [{}, {"PhoneNumberSet": "1"}, {"Colour": "red"}, {"PhoneNumberSet": [1]}])
def test_the_check_finds_what_is_wrong(body: dict[str, Any]) -> None:
    good = {"PhoneNumberSet": [NUMBER], "SmsSdkAppId": "1", "TemplateId": "1"}
    check(SPECS["sms"], "SendSmsRequest", good)
    with pytest.raises(ValueError, match=r"SendSmsRequest|PhoneNumberSet"):
        check(SPECS["sms"], "SendSmsRequest", good | body if body else body)


def printed(service: str, version: str, action: str, number: int = 0) -> dict[str, Any]:
    """An answer as the vendor's spec prints it, to one number instead of two."""
    example = shipped(service, version, "examples.json")["actions"][action][number]["output"]
    answer: dict[str, Any] = json.loads(example)
    statuses = answer["Response"].get("SendStatusSet")
    if statuses:
        del statuses[1:]
    return answer


def test_the_answers_that_tencent_prints_are_read() -> None:
    serial = "5000:1045710669157053657849499619"
    assert sent("tencent_sms", Says(printed("sms", "v20210111", "SendSms")))[1] == Accepted(serial)
    refused = sent("tencent_sms", Says(printed("sms", "v20210111", "SendSms", 1)))[1]
    assert refused == OperationsFault("FailedOperation.TemplateParamSetNotMatchApprovedTemplate")
    call = sent("tencent_voice", Says(printed("vms", "v20200902", "SendTtsVoice")))[1]
    assert call == Accepted("12582bce-403c-11eb-96b8-525400476c37")

    def ask(provider: Provider) -> Any:
        return provider.query(Inquiry("k" * 36, serial, NUMBER, SENT_AT))

    pulled = Says(printed("sms", "v20210111", "PullSmsSendStatusByPhoneNumber"))
    assert ours("tencent_sms", pulled, ask)[1] == Answered(Result.DELIVERED, ref=serial, detail="DELIVRD")
