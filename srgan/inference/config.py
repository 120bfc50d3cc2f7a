"""How pictures are restored; apart from what restores them, so that a command can show its help without torch."""

from dataclasses import dataclass
from typing import Any

from srgan.errors import ConfigError
from srgan.options import documented, option

ENGINES = ("auto", "torch", "openvino", "ncnn")
PRECISIONS = ("auto", "fp32", "bf16", "fp16")


@documented
@dataclass(frozen=True, kw_only=True)
class InferenceConfig:
    """On what, by what, how exactly, and how much of a picture at a time."""

    tile: int = option(0, "Side of a tile's kept centre [px of the input]; 0 chooses.")
    device: str = option("auto", "auto, cpu, cuda, mps, vulkan, or several: cuda:0,cuda:1; auto takes every CUDA one.")
    engine: str = option("auto", "auto, torch, openvino (CPU) or ncnn (CPU, Vulkan); auto takes the fastest here.")
    precision: str = option("auto", "auto, fp32, bf16 or fp16; auto takes the most exact that is not much slower.")
    memory: float = option(4.0, "For pictures in work [GB]; larger PNG and TIFF pass through some rows at a time.")
    ensemble: bool = option(False, "Ask eight times, turned and mirrored, and average: truer, 8 times as slow.")

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise ConfigError(f"unknown engine {self.engine!r}: choose {', '.join(ENGINES[:-1])} or {ENGINES[-1]}")
        if self.precision not in PRECISIONS:
            chosen = f"choose {', '.join(PRECISIONS[:-1])} or {PRECISIONS[-1]}"
            raise ConfigError(f"precision {self.precision!r}: {chosen}")
        if not self.memory > 0:
            raise ConfigError(f"memory={self.memory}: must be more than 0")
        if self.tile < 0:
            raise ConfigError(f"tile={self.tile}: choose a side in pixels, or 0")

    def decides(self) -> dict[str, Any]:
        """The fields that decide what an output's bytes are, as they were asked for: `auto` may come to this or that.

        `memory` is one for large pictures alone, of which the journal notes it.
        """
        fields = {name: getattr(self, name) for name in ("tile", "device", "engine", "precision")}
        return fields | ({"ensemble": True} if self.ensemble else {})  # journals that do not know of it stay valid
