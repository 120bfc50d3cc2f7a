"""The commands: each parses, calls the library once, and renders; the only place that prints.

Nothing here imports torch, or anything that does, before a command runs: `--help` must not wait for it.
"""

import logging
import signal
import sys
import warnings
from types import FrameType

import click

from srgan import __version__
from srgan.cli.denoise import denoise
from srgan.cli.doctor import doctor
from srgan.cli.evaluate import evaluate
from srgan.cli.finetune import finetune
from srgan.cli.info import info
from srgan.cli.inpaint import inpaint
from srgan.cli.samples import samples
from srgan.cli.train import train
from srgan.cli.upscale import upscale
from srgan.cli.verify import retry, verify
from srgan.errors import SrganError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def srgan() -> None:
    """Makes pictures whole."""


for command in (upscale, denoise, inpaint, train, finetune, evaluate, info, samples, verify, retry, doctor):
    srgan.add_command(command)


def main() -> None:
    """The command `srgan`."""
    _run(srgan)


def upscale_main() -> None:
    """The command `upscale`."""
    _run(upscale)


def denoise_main() -> None:
    """The command `denoise`."""
    _run(denoise)


def inpaint_main() -> None:
    """The command `inpaint`."""
    _run(inpaint)


def _run(command: click.Command) -> None:
    """Runs a command and leaves with its exit code: 0, 1, 2, 3, 4, 5, or 130 and 143 where it was interrupted."""
    warnings.filterwarnings("ignore", module="PIL")  # what is wrong with a file is said by its outcome
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    logging.basicConfig(format="%(message)s", level=logging.WARNING, stream=sys.stderr)
    signal.signal(signal.SIGTERM, _terminated)
    try:
        words = sys.argv[1:] if command is srgan else [str(command.name), *sys.argv[1:]]
        sys.exit(command.main(standalone_mode=False, obj=words) or 0)
    except SrganError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted; the same command continues", err=True)
        sys.exit(130)


def _terminated(number: int, frame: FrameType | None) -> None:
    click.echo("terminated; the same command continues", err=True)
    sys.exit(143)
