"""The web server under the page: uvicorn, without what nobody needs here."""

from __future__ import annotations

import logging
import socket
from typing import Any

import uvicorn

from srgan.errors import MachineError
from srgan.pages.jobs import Jobs

AT_ONCE = 100
"""Connections; more are refused."""


class Web(uvicorn.Server):
    """Runs an application; when it is to end, streams of events end first, for they would never."""

    def __init__(self, app: Any, jobs: Jobs) -> None:
        logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it warns of each broken form
        plain: dict[str, Any] = {"log_config": None, "access_log": False, "server_header": False}
        super().__init__(
            uvicorn.Config(app, **plain, ws="none", http="h11", limit_concurrency=AT_ONCE, timeout_graceful_shutdown=5)
        )
        self.jobs = jobs

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.jobs.dismiss()
        await super().shutdown(sockets)


def listening(host: str, port: int) -> socket.socket:
    """What listens at an address.

    Raises:
        MachineError: another program does, or this machine has no such address.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise MachineError(f"{host}:{port}: cannot be listened on ({error.strerror}); choose another --port") from error
