"""`srgan serve`: a page to drop pictures on, and an HTTP interface beside it."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path
from urllib.parse import quote

import click

from srgan.cli.asked import chosen, tag
from srgan.errors import ConfigError, MachineError

LOCAL = ("127.0.0.1", "localhost", "::1")


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 takes a free one.")
@click.option("--host", default=LOCAL[0], show_default=True, help="Address to listen on; any other needs --token.")
@click.option("--token", default="", help="A word that everybody must know who asks.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Where results of pictures of FOLDER go.")
def serve(folder: Path | None, port: int, host: str, token: str, output: Path | None) -> int:
    """Show a page on this machine to drop pictures on, and to choose some of FOLDER; programs can ask it, too.

    Results of pictures of FOLDER go where the commands put them, with a journal: into FOLDER-x4, FOLDER-clean and the
    like, or into the one OUT. All others are held until they are old or the server ends.
    """
    if host not in LOCAL and not token:
        raise click.UsageError(f"--host {host} lets others ask: say --token SECRET, too")
    if folder is not None and not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder")
    if output is not None and folder is None:
        raise click.UsageError("--output is for pictures of FOLDER: name that, too")
    try:
        from srgan.pages.server import Server
        from srgan.pages.web import Web, listening
    except ImportError as error:
        raise MachineError(f"srgan serve needs {error.name}: pip install 'srgan[serve]'") from error
    from srgan.pages.jobs import Jobs
    from srgan.pages.restoring import Restoring
    from srgan.pages.shelf import Shelf
    from srgan.pages.workplace import workplace
    from srgan.runner.config import FolderConfig

    shelf = None if folder is None else Shelf(folder.absolute(), output)
    restoring = Restoring(chosen, tag, FolderConfig(), shelf)
    with listening(host, port) as listener, workplace() as work:
        jobs = Jobs(restoring)
        web = Web(Server(restoring, jobs, work).app(None if token else LOCAL, token), jobs)
        click.echo(_address(host, listener.getsockname()[1], token))
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # no other command would continue it
        try:
            with contextlib.suppress(KeyboardInterrupt):  # how one ends it
                web.run(sockets=[listener])
        finally:
            jobs.close()  # whoever ends it twice does not wait for the server to do so
    return 0


def _address(host: str, port: int, token: str) -> str:
    """What to open in a browser on this machine."""
    name = {"0.0.0.0": LOCAL[0], "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}/" + (f"?token={quote(token, safe='')}" if token else "")
