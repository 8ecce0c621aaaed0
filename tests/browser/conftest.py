"""A real headless Chromium (Debian's package, unpacked by `make browser`), and the service that it opens."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from dispatcher.cli.demo_client import key_of_demo_client
from dispatcher.settings import Settings
from dispatcher.up import Stack

DEBIAN = Path(__file__).parents[1] / "peers" / "debian" / "browser" / "root"
CHROMIUM = DEBIAN / "usr" / "lib" / "chromium" / "chromium"
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""
# Without these it looks for hosts of its maker at every start.
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]


@pytest.fixture(scope="session")
def browser(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    assert stack.environment  # it starts first: once playwright runs, this thread has an event loop
    assert CHROMIUM.exists(), "run `make browser`, which unpacks Chromium"
    folder = tmp_path_factory.mktemp("fonts")
    (folder / "fonts.conf").write_text(FONTS.format(fonts=DEBIAN / "usr" / "share" / "fonts", cache=folder))
    libraries = sorted({str(path.parent) for path in DEBIAN.rglob("lib*.so*")})
    environment = os.environ | {
        "LD_LIBRARY_PATH": ":".join(libraries),
        "FONTCONFIG_FILE": str(folder / "fonts.conf"),
    }
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(
            executable_path=CHROMIUM, env=environment, args=QUIET, chromium_sandbox=os.getuid() != 0
        )
        yield made
        made.close()


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """`up`, with a simulated gateway."""
    with tempfile.TemporaryDirectory(prefix="dispatcher-browser-", ignore_cleanup_errors=True) as home:
        made = Stack(Settings(home=Path(home), hooks_port=0, api_port=0), durable=False, serves_api=True)
        try:
            made.start_servers()
            made.start_children()
            made.wait_until_ready()
            yield made
        finally:
            made.stop()


@pytest.fixture(scope="session")
def key(stack: Stack) -> str:
    demo = key_of_demo_client(stack)
    assert demo is not None
    return demo[0]


@pytest.fixture
def page(browser: Browser, stack: Stack, key: str) -> Iterator[Page]:
    """A page of somebody who gave the key as the password that the browser asks for."""
    context = browser.new_context(
        base_url=stack.url("api"),
        http_credentials={"username": "desk", "password": key},
        accept_downloads=True,
        viewport={"width": 1280, "height": 900},
    )
    yield context.new_page()
    context.close()


@pytest.fixture
def centre(stack: Stack, key: str) -> Iterator[httpx.Client]:
    """The same client by program."""
    shown = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=stack.url("api"), headers=shown, trust_env=False) as made:
        yield made


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where screenshots go, to be looked at."""
    folder = Path(os.environ.get("DISPATCHER_TEST_PICTURES", "/tmp/dispatcher-pictures"))  # noqa: S108
    folder.mkdir(parents=True, exist_ok=True)
    return folder
