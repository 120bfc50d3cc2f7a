"""A browser, and servers that run: of a tiny model, so that what is tested is the server."""

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import srgan.pages.sides
import srgan.runner.run  # noqa: F401  else two threads of a server parse both for jaxtyping, which Python 3.11 cannot
from srgan.inference.sizes import outlook
from srgan.models.model import Model
from srgan.pages.jobs import Jobs
from srgan.pages.restoring import Restoring
from srgan.pages.shelf import Shelf
from srgan.runner.config import FolderConfig


@pytest.fixture(scope="session")
def browser():
    """Chromium, where there is one."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("there is no Chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass(frozen=True)
class Tiny:
    """A choice of one model, whatever is asked for."""

    model: Model
    size: None = None

    def load(self):
        return self.model

    def sizes(self, width, height):
        return outlook(width, height, [self.model.task.scale], None)

    def record(self):
        return {}


@dataclass(frozen=True)
class Site:
    """Where a server is asked, and what it does it with."""

    url: str
    jobs: Jobs
    restoring: Restoring
    work: Path
    stop: Callable[[], None]


@pytest.fixture
def serve_app(tmp_path):
    """Runs servers on free ports until the test ends."""
    pytest.importorskip("uvicorn", reason="uvicorn is not installed")
    from srgan.cli.serve import LOCAL
    from srgan.pages.server import Server
    from srgan.pages.web import Web, listening

    running = []

    def start(restoring, limits=None, *, token="", side_by_side=2, url=""):
        work = tmp_path / f"work-{len(running)}"
        work.mkdir()
        jobs = Jobs(restoring, limits, side_by_side=side_by_side)
        server = Web(Server(restoring, jobs, work).app(None if token else LOCAL, token), jobs)
        listener = listening("127.0.0.1", urlsplit(url).port or 0)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()

        def stop():
            server.should_exit = True
            thread.join(30)
            listener.close()
            assert not thread.is_alive()

        running.append(stop)
        return Site(f"http://127.0.0.1:{listener.getsockname()[1]}", jobs, restoring, work, stop)

    yield start
    for stop in running:
        stop()


@pytest.fixture
def tiny_site(serve_app, tiny):
    """Starts servers of the tiny model."""

    def start(limits=None, folder=None, **options):
        shelf = None if folder is None else Shelf(folder)
        restoring = Restoring(lambda asked, masked: Tiny(tiny), lambda asked: "-tiny", FolderConfig(), shelf)
        return serve_app(restoring, limits, **options)

    return start
