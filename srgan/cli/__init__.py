"""The commands, from the shell's side: what they leave with, and how they are interrupted; the only place that prints.

Little is imported here: whoever interrupts a command while it is still being imported shall not read a traceback.
"""

import gc
import os
import signal
import sys
from types import FrameType

from srgan.cli.streams import prepare


def main() -> None:
    """The command `srgan`."""
    _run("srgan")


def upscale_main() -> None:
    """The command `upscale`."""
    _run("upscale")


def denoise_main() -> None:
    """The command `denoise`."""
    _run("denoise")


def inpaint_main() -> None:
    """The command `inpaint`."""
    _run("inpaint")


def translate_main() -> None:
    """The command `translate`."""
    _run("translate")


def _run(name: str) -> None:
    """Runs a command and leaves with its exit code: 0, 1, 2, 3, 4, 5, or 130 and 143 where it was interrupted."""
    prepare()
    try:
        signal.signal(signal.SIGINT, _interrupted)
        signal.signal(signal.SIGTERM, _terminated)
        if os.name == "posix":  # who supervises us holds signals back until we can take them
            signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))
        code = _code_of(name)
        gc.freeze()  # Python would look through all that torch has made before it ends, for half a second
        sys.exit(code)
    except KeyboardInterrupt:
        _say("interrupted")
        sys.exit(130)


def _code_of(name: str) -> int:
    """The exit code of a command, run with the words it was called with."""
    import logging
    import warnings

    import click

    from srgan.cli.commands import srgan
    from srgan.errors import SrganError

    warnings.filterwarnings("ignore", module="PIL")  # what is wrong with a file is said by its outcome
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    logging.basicConfig(format="%(message)s", level=logging.WARNING, stream=sys.stderr)
    command, words = (srgan, sys.argv[1:]) if name == "srgan" else (srgan.commands[name], [name, *sys.argv[1:]])
    try:
        return int(command.main(standalone_mode=False, obj=words) or 0)
    except SrganError as error:
        click.echo(f"error: {error}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort as error:  # what click makes of a KeyboardInterrupt
        raise KeyboardInterrupt from error


def _interrupted(number: int, frame: FrameType | None) -> None:
    if _importing(frame):
        _say("interrupted")
        os._exit(130)
    raise KeyboardInterrupt


def _terminated(number: int, frame: FrameType | None) -> None:
    _say("terminated")
    if _importing(frame):
        os._exit(143)
    sys.exit(143)


def _importing(frame: FrameType | None) -> bool:
    """Whether modules are being imported, of which native ones do not stand to be interrupted halfway."""
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


def _say(what: str) -> None:
    anew = any(word in ("overwrite", "--existing=overwrite") for word in sys.argv)
    print(f"{what}; the same command {'begins anew' if anew else 'continues'}", file=sys.stderr, flush=True)
