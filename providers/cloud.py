"""What the adapters of clouds share: they send filed templates through a signed API, and get their receipts pushed.

A cloud's package has its `CloudApi`; each product of it is a `CloudProvider` that words requests and reads answers.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx

from providers import error_codes, http, options, pushed_receipts, reach
from providers.base import (
    Callback,
    Capabilities,
    InDoubt,
    Inquiry,
    Message,
    Outcome,
    ProviderSettings,
    Receipt,
    Receipts,
    Reply,
    SendOnlyProvider,
    Status,
)
from providers.callback_guard import CallbackGuard
from providers.error_codes import ErrorCodes
from providers.limits import Limits
from providers.pushed_receipts import ReadReport
from providers.templates import Template, Templates
from schemas.vocabulary import Channel

Body = Mapping[str, Any]
Request = tuple[str, Body]  # the action's name and its parameters


@dataclass(frozen=True, slots=True)
class CloudProduct:
    """One product of a cloud. The codes are the vendor's; what each means for an attempt is ours."""

    channel: Channel
    base_url: str
    api_version: str
    error_codes: ErrorCodes  # beside those of the cloud
    limits: Limits  # as the vendor documents them
    queries: bool = False
    queries_need_number: bool = False
    read_reports: Callable[[bytes, ReadReport, Reply], Receipts] = pushed_receipts.read_array


class CloudApi(ABC):
    """The client of a cloud's API. Settings: base_url, timeout_s (10), and the subclass's own."""

    error_codes: ClassVar[ErrorCodes]  # of all its products
    reply: ClassVar[Reply]  # that its pushed receipts want

    def __init__(self, settings: ProviderSettings, product: CloudProduct) -> None:
        """Raises SettingsError."""
        url = options.base_url(settings, product.base_url)
        self.timeout_s = options.timeout_s(settings)
        self.address = reach.of_url(url)
        self._version = product.api_version
        self._error_codes = {**self.error_codes, **product.error_codes}
        self._host = httpx.URL(url).netloc.decode()
        self._http = http.client(url, timeout_s=self.timeout_s)

    async def call(self, action: str, parameters: Body) -> Body | Outcome:
        """The body of a good answer, or else what became of the call."""
        answer = await self._exchange(action, parameters)
        return self._read(answer) if isinstance(answer, httpx.Response) else answer

    def refusal(self, code: object, status: int = httpx.codes.OK) -> Outcome:
        """What an error code means."""
        return error_codes.outcome(self._error_codes, code, status)

    async def close(self) -> None:
        await self._http.aclose()

    @abstractmethod
    async def _exchange(self, action: str, parameters: Body) -> httpx.Response | http.Unsent | InDoubt:
        """Sign and send one request."""

    @abstractmethod
    def _read(self, answer: httpx.Response) -> Body | Outcome:
        """The body, if it holds no error."""


class CloudProvider(SendOnlyProvider, ABC):
    """Settings: templates, those of its API and of CallbackGuard."""

    product: ClassVar[CloudProduct]

    def __init__(self, settings: ProviderSettings, api: CloudApi) -> None:
        """Raises SettingsError."""
        self.name = settings.name
        self.capabilities = Capabilities(
            channels=options.channels(settings, frozenset({self.product.channel})),
            destinations=options.mainland(settings),
            receipts=True,
            queries=self.product.queries,
            queries_need_number=self.product.queries_need_number,
            limits=self.product.limits,
        )
        self._templates = Templates(settings)
        self._guard = CallbackGuard(settings)
        self._api = api
        self.timeout_s = api.timeout_s
        self.address = api.address

    async def send(self, message: Message) -> Outcome:
        if message.to is None:
            return error_codes.NO_NUMBER
        body = await self._api.call(*self._send_request(message, message.to, self._templates.of(message)))
        return self._sent(body) if isinstance(body, Mapping) else body

    async def query(self, inquiry: Inquiry) -> Status:
        """A message that is not listed may still be on its way into the list: never NeverTaken."""
        request = self._query_request(inquiry)
        if isinstance(request, InDoubt):
            return request
        body = await self._api.call(*request)
        if isinstance(body, Mapping):
            return self._status(body, inquiry)
        return body if isinstance(body, InDoubt) else InDoubt("status query refused")

    def parse_receipts(self, callback: Callback) -> Receipts:
        self._guard.check(callback)
        return self.product.read_reports(callback.body, self._receipt, self._api.reply)

    async def close(self) -> None:
        await self._api.close()

    @abstractmethod
    def _send_request(self, message: Message, to: str, template: Template) -> Request:
        """The request that sends this message."""

    @abstractmethod
    def _sent(self, body: Body) -> Outcome:
        """What the answer to it means."""

    def _query_request(self, inquiry: Inquiry) -> Request | InDoubt:
        """The request that asks about a message, or why nothing can be asked."""
        return InDoubt("no status query")

    def _status(self, body: Body, inquiry: Inquiry) -> Status:
        """What the answer to that means. Only of products with `queries`."""
        raise NotImplementedError

    @abstractmethod
    def _receipt(self, report: Any) -> Receipt | None:
        """One pushed report; None if it is no news. Raises ReceiptRefused, or ValidationError if it is unreadable."""
