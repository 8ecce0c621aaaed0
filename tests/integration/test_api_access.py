"""The API: who may call, and what nobody is told who may not."""

import base64
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from api_fixture import Api, serving
from casework_fixture import START, CaseworkFixture, event
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi.routing import APIRoute
from sqlalchemy import Engine, text
from structlog.testing import capture_logs
from test_api_push import problem, push

from dispatcher.clients import certificates, register
from dispatcher.clients.authentication import Client
from dispatcher.errors import Refused
from dispatcher.setup import Services
from dispatcher.web.api import checking, following, pushing, reading
from dispatcher.web.api.rate import Rate
from schemas.problems import ProblemCode
from schemas.read_models.source_events import sequence
from schemas.vocabulary import ClientScope

ROUTES = [
    (method, route.path_format)
    for router in (pushing.router, reading.router, following.router, checking.router)
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods)
]
DOCUMENTS = [("GET", "/docs"), ("GET", "/openapi.json"), ("GET", "/nowhere"), ("DELETE", "/v1/instructions")]
REFUSED_WITHIN_S = 1.0
NOTHING = ({"items": [], "next": None}, {"items": [], "next": sequence(0)})


def filled(path: str, instruction_id: str = "YJ-1", case: str | None = None) -> str:
    return path.format(instruction_id=instruction_id, case_id=case or uuid4(), op="create")


def test_there_are_as_many_routes_as_are_tried() -> None:
    assert len(ROUTES) == 14


@pytest.mark.parametrize(
    "shown", [{}, {"Authorization": "Bearer wdk_wrong"}, {"Authorization": "Basic !"}, {"Client-Cert": ":MIIB:"}]
)
def test_without_a_key_nothing_is_told(api: Api, shown: dict[str, str]) -> None:
    """The same answer, whether there is such a route or not."""
    client = api.with_key(None, **shown)
    answers = [client.request(method, filled(path)) for method, path in (*ROUTES, *DOCUMENTS)]
    for answer in answers:
        problem(answer, ProblemCode.UNAUTHENTICATED)
    assert len({answer.text for answer in answers}) == 1


def test_health_needs_no_key(api: Api) -> None:
    client = api.with_key(None)
    assert [client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]


def test_a_browser_reads_the_documents_with_the_key_as_password(api: Api) -> None:
    key = api.new_key()
    told = api.with_key(None, Authorization="Basic " + base64.b64encode(f"anybody:{key}".encode()).decode())
    page = told.get("/docs")
    assert page.status_code == 200 and "http://" not in page.text and "https://" not in page.text
    assert told.get("/openapi.json").json()["openapi"].startswith("3.1")


def test_a_revoked_key_is_refused_within_a_second(api: Api) -> None:
    client = api.client("leaky")
    other = api.client("other")
    assert client.get("/v1/instructions").status_code == 200
    with api.services.begin() as work:
        register.revoke(work, "leaky")
    until = time.monotonic() + REFUSED_WITHIN_S
    while client.get("/v1/instructions").status_code != 401:
        assert time.monotonic() < until
    assert other.get("/v1/instructions").status_code == 200
    with api.services.begin() as work, pytest.raises(Refused):
        register.rotate(work, "leaky", overlap=timedelta())


def test_a_rotated_key_is_good_for_the_overlap(api: Api) -> None:
    old = api.client("centre")
    with api.services.begin() as work:
        new = api.with_key(register.rotate(work, "centre", overlap=timedelta(hours=1)))
    assert [each.get("/v1/instructions").status_code for each in (old, new)] == [200, 200]
    with api.services.begin() as work:
        newest = api.with_key(register.rotate(work, "centre", overlap=timedelta()))
    until = time.monotonic() + REFUSED_WITHIN_S
    for each in (old, new):
        while each.get("/v1/instructions").status_code != 401:
            assert time.monotonic() < until
    assert newest.get("/v1/instructions").status_code == 200


@pytest.mark.parametrize(
    ("scopes", "method", "path"),
    [
        ({ClientScope.READ}, "POST", "/v1/instructions"),
        ({ClientScope.READ}, "POST", "/v1/instructions:batch"),
        ({ClientScope.PUSH}, "GET", "/v1/instructions"),
        ({ClientScope.PUSH}, "POST", "/v1/instructions/YJ-1:feedback"),
        ({ClientScope.PUSH}, "POST", "/v1/callback-check"),
    ],
)
def test_a_scope_that_is_lacking(api: Api, scopes: set[ClientScope], method: str, path: str) -> None:
    problem(api.client(scopes=scopes).request(method, path), ProblemCode.OUT_OF_SCOPE)


def test_feedback_in_a_batch_needs_its_scope_in_any_word(api: Api) -> None:
    client = api.client(scopes={ClientScope.PUSH, ClientScope.READ})
    push(client)
    for op in ("feedback", "反馈", "later_loss"):
        told = client.put("/v1/instructions/YJ-1", json=event(op, outcome="NOT_A_VICTIM", loss_yuan=1))
        problem(told, ProblemCode.REFUSED)


def test_addresses_that_are_not_allowed(api: Api) -> None:
    here, elsewhere = api.client("here", networks=["127.0.0.0/8"]), api.client("elsewhere", networks=["10.0.0.0/8"])
    assert here.get("/v1/instructions").status_code == 200
    problem(elsewhere.get("/v1/instructions"), ProblemCode.ADDRESS_NOT_ALLOWED)
    # Who is no proxy of ours is not believed.
    told = elsewhere.get("/v1/instructions", headers={"X-Forwarded-For": "10.1.1.1"})
    problem(told, ProblemCode.ADDRESS_NOT_ALLOWED)


@pytest.fixture
def certificate() -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "north")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(77).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return made.sign(key, hashes.SHA256())


@pytest.fixture
def behind_proxy(services: Services) -> Iterator[Api]:
    with serving(services, api_trusted_proxies="127.0.0.1") as made:
        yield made


def test_a_certificate_that_a_proxy_passes_on(behind_proxy: Api, api: Api, certificate: x509.Certificate) -> None:
    der = certificate.public_bytes(serialization.Encoding.DER)
    shown = {"Client-Cert": f":{base64.b64encode(der).decode()}:", "X-Forwarded-For": "9.9.9.9, 10.1.2.3"}
    named = certificates.of_file(certificate.public_bytes(serialization.Encoding.PEM))
    behind_proxy.new_key("north", certificates=[named], networks=["10.1.0.0/16"])
    assert behind_proxy.with_key(None, **shown).get("/v1/instructions").status_code == 200
    forged = shown | {"X-Forwarded-For": "10.1.2.3, 9.9.9.9"}
    problem(behind_proxy.with_key(None, **forged).get("/v1/instructions"), ProblemCode.ADDRESS_NOT_ALLOWED)
    problem(api.with_key(None, **shown).get("/v1/instructions"), ProblemCode.UNAUTHENTICATED)


def test_a_client_names_no_address_of_its_own_behind_a_proxy(behind_proxy: Api) -> None:
    """The proxy adds a header of its own to the one that it was sent; and what is no address is none."""
    client = behind_proxy.client(networks=["10.1.0.0/16"])
    for hops in (["10.1.0.9", "203.0.113.7"], ["10.1.0.9, 203.0.113.7"], ["10.1.0.9:55"], ["10.1.0.9", "unknown"]):
        told = client.get("/v1/instructions", headers=[("X-Forwarded-For", hop) for hop in hops])
        problem(told, ProblemCode.ADDRESS_NOT_ALLOWED)
    assert client.get("/v1/instructions", headers={"X-Forwarded-For": "203.0.113.7, 10.1.0.9"}).status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "http://["}]
)
def test_a_page_of_another_site_pushes_nothing(api: Api, headers: dict[str, str]) -> None:
    """A browser sends the password that it knows along with any form."""
    shown = "Basic " + base64.b64encode(f"desk:{api.new_key()}".encode()).decode()
    client = api.with_key(None, Authorization=shown, **{"Content-Type": "text/plain"}, **headers)
    for path in ("/v1/instructions", "/v1/instructions/YJ-1:withdraw", "/upload/push"):
        problem(client.post(path, content=b"{}"), ProblemCode.OUT_OF_SCOPE)


def test_a_key_that_is_too_long_is_none(api: Api) -> None:
    problem(api.with_key("wdk_" + "x" * 10_000).get("/v1/instructions"), ProblemCode.UNAUTHENTICATED)


def test_what_another_source_told_of_the_same_id_is_not_seen(api: Api) -> None:
    """Two sources name their instructions alike; what one said of the end, and who said it, is not the other's."""
    south, north = api.client("south", systems={"south"}), api.client("north", systems={"north"})
    case = push(south, source={"system": "south"}).json()["case"]
    assert push(north, source={"system": "north"}).json()["case"] == case
    said = {"outcome": "NOT_A_VICTIM", "by": "SOUTH-7", "at": START.isoformat()}
    assert south.post("/v1/instructions/YJ-1:feedback", json=said).status_code == 201
    assert "SOUTH-7" in south.get(f"/v1/cases/{case}").text
    assert "SOUTH-7" not in north.get(f"/v1/cases/{case}").text


def test_too_many_calls_of_one_client_are_no_others(api: Api) -> None:
    few, many = api.client("few", calls_per_minute=3), api.client("many")
    codes = [few.get("/v1/instructions").status_code for _ in range(5)]
    assert codes[:3] == [200] * 3 and codes[4] == 429
    answer = few.get("/v1/instructions")
    problem(answer, ProblemCode.TOO_MANY_CALLS)
    assert int(answer.headers["retry-after"]) >= 1
    assert many.get("/v1/instructions").status_code == 200


def test_who_is_kept_out_stands_in_the_log_without_what_they_showed(api: Api) -> None:
    few, away = api.client("few", calls_per_minute=1), api.client("away", networks=["203.0.113.0/24"])
    with capture_logs() as logs:
        few.get("/v1/instructions", headers={"Authorization": "Bearer somebodys-key"})
        away.get("/v1/instructions")
        [few.get("/v1/instructions") for _ in range(2)]
    told = [(each["code"], each["client"]) for each in logs if each["event"] == "api_call_refused"]
    assert told == [("unauthenticated", None), ("address_not_allowed", "away"), ("too_many_calls", "few")]
    assert "somebodys-key" not in str(logs)


@pytest.mark.parametrize("calls_per_minute", [1, 99, 100, 250, 1000])
def test_a_busy_client_may_make_the_calls_that_it_may(calls_per_minute: int) -> None:
    """Counted some at once, and to a hundredth exact."""
    rate, client = (
        Rate("redis://127.0.0.1:1/"),
        Client(uuid4(), "north", frozenset(), frozenset(), calls_per_minute, ()),
    )
    made = sum(rate.has_granted(client) or rate.may_call(client) for _ in range(2 * calls_per_minute))
    assert calls_per_minute - calls_per_minute // 100 <= made <= calls_per_minute


def test_calls_that_come_at_once_are_counted_once_each() -> None:
    """Each would else book a share of its own, and a burst of a hundred use up the minute."""
    rate = Rate("redis://127.0.0.1:1/")
    client = Client(uuid4(), "north", frozenset(), frozenset(), 600, ())
    with ThreadPoolExecutor(50) as burst:
        made = list(burst.map(lambda _: rate.has_granted(client) or rate.may_call(client), range(590)))
    assert all(made)


def test_a_foreign_page_that_is_kept_out_stands_in_the_log(api: Api) -> None:
    with capture_logs() as logs:
        answer = api.client("north").post("/v1/instructions", content=b"{}", headers={"Origin": "https://elsewhere"})
    problem(answer, ProblemCode.OUT_OF_SCOPE)
    assert [each["code"] for each in logs if each["event"] == "api_call_refused"] == ["out_of_scope"]


def test_a_client_never_sees_anothers(api: Api) -> None:
    """Every route that reads, asked for what another client's source has."""
    south, north = api.client("south", systems={"south"}), api.client("north", systems={"north"})
    told = push(south, source={"system": "south"}).json()
    south.post("/v1/instructions", content=b"{")
    read = [path for method, path in ROUTES if method == "GET" and not path.endswith("{op}")]
    assert len(read) == 6
    for path in read:
        seen, hidden = (each.get(filled(path, case=told["case"])) for each in (south, north))
        assert seen.status_code == 200
        assert hidden.status_code == 404 or hidden.json() in NOTHING
    said = {"version": 1, "at": START.isoformat()}
    # Its own source has no such instruction, or not yet.
    assert north.post("/v1/instructions/YJ-1:withdraw", json=said).status_code == 202
    foreign = said | {"source": {"system": "south"}}
    problem(north.post("/v1/instructions/YJ-1:withdraw", json=foreign), ProblemCode.REFUSED)
    assert south.get("/v1/instructions/YJ-1").json()["newest"]["withdrawn_at"] is None


def test_of_a_shared_case_each_sees_its_own(api: Api) -> None:
    """Two sources warn of one person: each reads the case, and nothing of it names the other."""
    south, north = api.client("south", systems={"south"}), api.client("north", systems={"north"})
    case = push(south, source={"system": "south", "ref": "S-77"}).json()["case"]
    joined = push(north, source={"system": "north"}, instruction_id="N-9", urgency="critical").json()["case"]
    assert joined == case
    for client, own, other in ((south, "YJ-1", "N-9"), (north, "N-9", "YJ-1")):
        report = client.get(f"/v1/cases/{case}")
        assert report.json()["instructions"] == [own]
        assert {name for each in client.get("/v1/attempts").json()["items"] for name in each["instructions"]} == {own}
        seen = report.text + client.get("/v1/instructions").text + client.get("/v1/attempts").text
        assert own in seen and other not in seen
        assert client.get(f"/v1/instructions/{other}").status_code == 404
        assert client.get("/v1/attempts", params={"instruction_id": other}).json()["items"] == []
    assert "north" not in south.get(f"/v1/cases/{case}").text


def test_what_ends_a_call_while_the_database_is_away(
    api: Api, casework: CaseworkFixture, administrator: Engine
) -> None:
    client = api.client()
    push(client)
    with casework.sessions() as session:
        name = session.scalar(text("SELECT current_database()"))
    with administrator.connect() as admin:
        admin.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
        ended = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
        admin.execute(ended, {"name": name})
        try:
            answers = [push(client, number=2), client.get("/v1/instructions"), client.get("/readyz")]
        finally:
            admin.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))
    for answer in answers:
        problem(answer, ProblemCode.UNAVAILABLE)
        assert int(answer.headers["retry-after"]) >= 1
    assert push(client, number=2).status_code == 201
