"""Fresh weights are what their seed says: what layers draw at first comes from a generator of its own.

By themselves, torch's layers draw from the one that all threads of the process share, and that belongs to its user.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, no_type_check

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

_DRAWING: set[Callable[..., Any]] = {
    *(Tensor.normal_, Tensor.uniform_),
    *(nn.init.normal_, nn.init.uniform_, nn.init.kaiming_normal_, nn.init.kaiming_uniform_),
}
"""By which layers draw; what else torch.nn.init has comes down to the first two."""


class Seeded(TorchFunctionMode):
    """Within it, the layers that this thread makes draw what they would draw after `torch.manual_seed(seed)`."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._rng = torch.Generator().manual_seed(seed)

    @no_type_check  # whatever torch does while layers are made comes through here: checks would cost more than that
    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = dict(kwargs or {})
        if func in _DRAWING and given.get("generator") is None:
            given["generator"] = self._rng
        return func(*args, **given)
