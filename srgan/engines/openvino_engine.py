"""Runs a generator on the CPU with OpenVINO (extra `openvino`), compiled once for pictures of any size.

generator -> OpenVINO's graph -> compiled, kept in the cache -> compared with torch on one small picture
"""

from __future__ import annotations

import copy
import hashlib
import importlib.util
import logging
import sys
import threading
import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor

from srgan.engines.agreement import agrees
from srgan.engines.cache import keep, kept
from srgan.engines.precision import Precision
from srgan.engines.threads import forked
from srgan.errors import ConfigError, ImageError
from srgan.networks.network import Network

PRECISIONS = {torch.float32: "f32", torch.bfloat16: "bf16"}
"""What OpenVINO calls what it computes in."""


def available() -> bool:
    """Whether OpenVINO is installed."""
    return importlib.util.find_spec("openvino") is not None


class OpenVinoEngine:
    """A generator compiled for this CPU: `engine(observed) -> generated`.

    It is compiled from the weights as they are, and several threads may call it. A thread for which torch has one
    thread shares the cores with others that call at the same time; any other call has them all.
    """

    def __init__(self, generator: Network, device: torch.device, precision: Precision) -> None:
        if device.type != "cpu":
            raise ConfigError(f"the engine openvino runs on the CPU, not on {device.type}; leave out --engine")
        if precision.dtype not in PRECISIONS:
            raise ConfigError("the engine openvino computes in fp32 or bf16; choose one of them as precision")
        _check_process()
        self.device = device
        self.batch = 1
        self.precision = precision
        self._generator = copy.deepcopy(generator).eval().requires_grad_(False).float().cpu()
        self._scale = _scale_of(generator)
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


def _scale_of(generator: Network) -> int:
    """Output side / input side, told without computing anything."""
    side = generator.multiple_of
    unreal = copy.deepcopy(generator).to("meta")
    made = unreal(torch.empty(1, generator.in_channels, side, side, device="meta"))
    return int(made.shape[2]) // side


def _compiled(generator: Network, dtype: torch.dtype, cores: int, shared: bool) -> Any:
    """OpenVINO's compiled model of a generator, from the cache where it is there and gives what torch gives.

    Args:
        shared: each call takes one of the cores, instead of all.

    Raises:
        ConfigError: what OpenVINO compiles does not give what torch gives.
    """
    openvino = imported()
    core = openvino.Core()
    options = {
        "INFERENCE_PRECISION_HINT": PRECISIONS[dtype],
        "INFERENCE_NUM_THREADS": cores,
        "NUM_STREAMS": cores if shared else 1,
        "ENABLE_CPU_PINNING": False,  # two runs would take the same cores, and leave others idle
    }
    name = f"openvino/{_fingerprint(generator, openvino.__version__, str(options))}.blob"
    blob = kept(name)
    if blob is not None:
        try:
            model = core.import_model(blob, "CPU", options)
            if _agrees(model, generator, dtype):
                return model
        except RuntimeError as error:
            logging.getLogger(__name__).info("%s is compiled anew: %s", name, error)
    model = core.compile_model(_graph(generator, openvino), "CPU", options)
    if not _agrees(model, generator, dtype):
        raise ConfigError("OpenVINO does not compute what torch computes with this network; choose --engine torch")
    keep(name, model.export_model().getvalue())
    return model


def _check_process() -> None:
    """Checks that OpenVINO has its threads: those of a process do not come along when it is forked."""
    if forked():
        raise ConfigError(
            "OpenVINO waits for ever in a process that was forked: start processes by 'spawn' or 'forkserver', "
            "or choose the engine torch"
        )


def imported() -> Any:
    if not available():
        raise ConfigError("the engine openvino is not installed: pip install 'srgan[openvino]', or choose torch")
    # OpenVINO reports each import and conversion to its makers, over the network, unless this module is missing.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def _graph(generator: Network, openvino: Any) -> Any:
    """OpenVINO's graph of a generator, for pictures of any size that is a multiple of `multiple_of`."""
    example = torch.zeros(2, generator.in_channels, 4 * generator.multiple_of, 5 * generator.multiple_of)
    sizes = openvino.PartialShape([-1, generator.in_channels, -1, -1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch would rather not be traced; what comes of it is compared below
        return openvino.convert_model(generator, example_input=example, input=[sizes])


def _agrees(model: Any, generator: Network, dtype: torch.dtype) -> bool:
    return agrees(lambda observed: torch.from_numpy(model([observed.numpy()])[0]), generator, dtype)


def _fingerprint(generator: Network, *others: str) -> str:
    """Changes whenever anything changes that decides what is compiled."""
    digest = hashlib.sha256("\n".join([repr(generator), torch.__version__, *others]).encode())
    for name, tensor in sorted(generator.state_dict().items()):
        digest.update(name.encode() + tensor.detach().cpu().contiguous().float().numpy().tobytes())
    return digest.hexdigest()[:32]
