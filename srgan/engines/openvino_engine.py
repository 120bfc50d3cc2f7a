"""Runs a generator on the CPU with OpenVINO (extra `openvino`), compiled for pictures of any size.

generator -> its layers -> OpenVINO's model -> compiled, in some hundredths of a second -> compared with torch
"""

from __future__ import annotations

import copy
import importlib.util
import sys
import threading
from typing import Any

import numpy as np
import torch
from torch import Tensor

from srgan.engines.agreement import agrees
from srgan.engines.precision import DTYPES, Precision, computes
from srgan.engines.threads import forked
from srgan.errors import ConfigError, ImageError
from srgan.networks.graph import Graph, add_generator, unknown
from srgan.networks.network import Network
from srgan.networks.to_openvino import to_openvino

PRECISIONS = {torch.float32: "f32", torch.bfloat16: "bf16"}
"""What OpenVINO calls what it computes in."""


_FORKED = (
    "OpenVINO waits for ever in a process that was forked: start processes by 'spawn' or 'forkserver', "
    "or choose the engine torch"
)


def available() -> bool:
    """Whether OpenVINO is installed."""
    return importlib.util.find_spec("openvino") is not None


class OpenVinoEngine:
    """A generator compiled for this CPU: `engine(observed) -> generated`.

    It is compiled from the weights as they are, and several threads may call it. A thread for which torch has one
    thread shares the cores with others that call at the same time; any other call has them all.
    """

    @staticmethod
    def lacks(generator: Network, device: torch.device) -> str:
        """Why it cannot run the generator on this device, in words; empty where it can."""
        if device.type != "cpu":
            return f"the engine openvino runs on the CPU, not on {device.type}"
        if not available():
            return "the engine openvino is not installed: pip install 'srgan[openvino]'"
        return _FORKED if forked() else unknown(generator)

    @staticmethod
    def precisions(device: torch.device) -> list[str]:
        """What it computes in on this device, the most exact first."""
        return [name for name, dtype in DTYPES.items() if dtype in PRECISIONS and computes(device, dtype)]

    def __init__(self, generator: Network, device: torch.device, precision: Precision) -> None:
        _check_process()
        self.device = device
        self.batch = 1
        self.precision = precision
        self._generator = copy.deepcopy(generator).eval().requires_grad_(False).float().cpu()
        self._scale = _scale_of(self._generator)
        self._cores = torch.get_num_threads()
        self._compiled: dict[tuple[torch.dtype, bool], Any] = {}
        self._lock = threading.Lock()
        self._requests = threading.local()
        self._model(precision.dtype, shared=True)  # what cannot be compiled is refused here

    def __call__(self, observed: Tensor) -> Tensor:
        """What the generator makes of `observed`, in float32; redone in float32 throughout where not finite.

        Raises:
            ImageError: not even that is finite.
            ConfigError: this process was forked.
            torch.OutOfMemoryError: the memory is too small.
        """
        _check_process()
        pixels = observed.float().contiguous().numpy()
        generated = self._infer(self.precision.dtype, pixels)
        if self.precision.dtype is not torch.float32 and not torch.isfinite(generated.sum()):
            generated = self._infer(torch.float32, pixels)
        if not torch.isfinite(generated.sum()):
            raise ImageError("the network's answer is not finite; its weights may be damaged")
        return generated

    def _infer(self, dtype: torch.dtype, pixels: np.ndarray) -> Tensor:
        try:
            generated = torch.from_numpy(self._request(dtype).infer([pixels], share_inputs=True)[0])
            wanted = tuple(side * self._scale for side in pixels.shape[2:])
            if generated.shape[2:] != wanted:  # with one core, too little memory leaves the answer of the call before
                raise RuntimeError(f"Failed to allocate an answer of {wanted[1]}x{wanted[0]} pixels")
            return generated
        except RuntimeError as error:
            with self._lock:  # what is compiled would go on to want the memory that there is not
                self._requests.__dict__.clear()
                self._compiled.clear()
            if "Failed to allocate" in str(error):
                raise torch.OutOfMemoryError(str(error).strip().splitlines()[-1]) from error
            raise

    def _request(self, dtype: torch.dtype) -> Any:
        """This thread's own way to run the generator in such a precision."""
        shared = torch.get_num_threads() == 1
        mine: dict[tuple[torch.dtype, bool], Any] = self._requests.__dict__.setdefault("of", {})
        if (dtype, shared) not in mine:
            mine[dtype, shared] = self._model(dtype, shared).create_infer_request()
        return mine[dtype, shared]

    def _model(self, dtype: torch.dtype, shared: bool) -> Any:
        with self._lock:
            if (dtype, shared) not in self._compiled:
                self._compiled[dtype, shared] = _compiled(self._generator, dtype, self._cores, shared)
            return self._compiled[dtype, shared]


@torch.no_grad()
def _scale_of(generator: Network) -> int:
    """Output side / input side."""
    side = generator.multiple_of
    return int(generator(torch.zeros(1, generator.in_channels, side, side)).shape[2]) // side


def _compiled(generator: Network, dtype: torch.dtype, cores: int, shared: bool) -> Any:
    """OpenVINO's compiled model of a generator.

    Args:
        shared: each call takes one of the cores, instead of all.

    Raises:
        ConfigError: what OpenVINO compiles does not give what torch gives.
    """
    openvino, graph = imported(), Graph("data")
    add_generator(graph, generator, "data")
    options = {
        "INFERENCE_PRECISION_HINT": PRECISIONS[dtype],
        "INFERENCE_NUM_THREADS": cores,
        "NUM_STREAMS": cores if shared else 1,
        "ENABLE_CPU_PINNING": False,  # two runs would take the same cores, and leave others idle
    }
    model = openvino.Core().compile_model(to_openvino(graph, generator.in_channels, openvino), "CPU", options)
    if not agrees(lambda observed: torch.from_numpy(model([observed.numpy()])[0]), generator, dtype):
        raise ConfigError("OpenVINO does not compute what torch computes with this network; choose --engine torch")
    return model


def _check_process() -> None:
    """Checks that OpenVINO has its threads: those of a process do not come along when it is forked."""
    if forked():
        raise ConfigError(_FORKED)


def imported() -> Any:
    if not available():
        raise ConfigError("the engine openvino is not installed: pip install 'srgan[openvino]', or choose torch")
    # OpenVINO reports each import and conversion to its makers, over the network, unless this module is missing.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino
