"""Weights of one model put into another, and models between two others."""

from __future__ import annotations

import torch

from srgan.errors import ConfigError, WeightsError
from srgan.models.model import Model
from srgan.options import SCORING, TRAINING, USE, asked, options_of


def start_from(model: Model, other: Model) -> int:
    """Copies from `other` every tensor that fits `model` by name and shape (a trunk, say), and returns how many did.

    The card comes along: what is trained from here says what it was trained from.

    Raises:
        WeightsError: none fits.
    """
    wanted = model.generator.state_dict()
    given = other.generator.state_dict()
    fitting = {key: value for key, value in given.items() if key in wanted and value.shape == wanted[key].shape}
    if not fitting:
        raise WeightsError(f"no tensor of the {other.network['name']} fits this {model.network['name']}")
    model.generator.load_state_dict(wanted | fitting)
    model.card = dict(other.card)
    model.fresh = other.fresh or len(fitting) < len(wanted)
    return len(fitting)


@torch.no_grad()
def blend(faithful: Model, vivid: Model, realism: float) -> Model:
    """A model between two of the same network, the second fine-tuned from the first: 0 is `faithful`, 1 is `vivid`.

    Paper: ESRGAN, Wang et al. 2018, arXiv:1809.00219, Sec. 3.4 (Eq. 5, network interpolation), in float32.

    Raises:
        ConfigError: they are not of one task and network, or `realism` is not in [0, 1].
    """
    if not 0 <= realism <= 1:
        raise ConfigError(f"realism={realism}: must lie in [0, 1]")
    if _kept(faithful) != _kept(vivid):
        raise ConfigError("only models of one task and one network can be blended")
    blended = Model(faithful.task, faithful.network)
    blended.name, blended.realism = faithful.name, realism
    blended.card = {key: value for key, value in vivid.card.items() if key == "licence"}
    ours, theirs = faithful.generator.state_dict(), vivid.generator.state_dict()
    mixed = {name: torch.lerp(ours[name], theirs[name], realism) for name in ours}
    ends = {0.0: ours, 1.0: theirs}  # which torch.lerp gives exactly, but for the sign of zeros
    blended.generator.load_state_dict(ends.get(realism, mixed))
    blended.fresh = faithful.fresh or vivid.fresh
    return blended.eval()


def _kept(model: Model) -> tuple[object, ...]:
    """What the weights are made for: the task, but for what is asked of it now or then, and the network."""
    task = type(model.task)
    lasting = options_of(task).keys() - asked(task, USE, TRAINING, SCORING)
    return task, {name: getattr(model.task, name) for name in lasting}, model.network
