"""The command `srgan` and those below it: each parses, calls the library once, and renders.

Nothing here imports torch, or anything that does, before a command runs: `--help` must not wait for it.
"""

import click

from srgan import __version__
from srgan.cli.augment import augment
from srgan.cli.cluster import cluster
from srgan.cli.compare import compare
from srgan.cli.denoise import denoise
from srgan.cli.doctor import cache, doctor
from srgan.cli.evaluate import evaluate
from srgan.cli.export import export
from srgan.cli.finetune import finetune
from srgan.cli.generate import generate
from srgan.cli.info import info
from srgan.cli.inpaint import inpaint
from srgan.cli.restore import restore
from srgan.cli.samples import samples
from srgan.cli.serve import serve
from srgan.cli.sets import sets
from srgan.cli.train import train
from srgan.cli.translate import translate
from srgan.cli.upscale import upscale
from srgan.cli.verify import retry, verify


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def srgan() -> None:
    """Makes pictures whole."""


RESTORING = (upscale, denoise, inpaint, translate, restore)
MODELS = (train, finetune, evaluate, info, export)

for command in (*RESTORING, sets):
    cluster.add_command(command)

OUTPUTS = (verify, retry, compare, serve)

for command in (*RESTORING, cluster, generate, augment, *MODELS, sets, samples, *OUTPUTS, doctor, cache):
    command.context_settings["help_option_names"] = ["-h", "--help"]
    srgan.add_command(command)
