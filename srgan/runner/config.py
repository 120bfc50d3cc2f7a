"""How folders are restored, and by whom; apart from the runner, so that help need not wait for torch."""

from dataclasses import dataclass
from typing import Any

from srgan.errors import ConfigError
from srgan.images.formats import QUALITY, READABLE, SEVERAL
from srgan.inference.config import InferenceConfig
from srgan.options import check_types, documented, option


@documented
@dataclass(frozen=True, kw_only=True)
class FolderConfig(InferenceConfig):
    """How a folder is restored; each field is a flag of the command.

    srgan.restore_folder(model, "photos", "large", srgan.FolderConfig(format="jpeg", quality=90))
    """

    format: str = option("keep", "Format of the outputs: keep, png, jpeg, webp, tiff, avif or bmp.")
    quality: int = option(QUALITY, "Quality of JPEG, WebP and AVIF, 1 to 100.")
    existing: str = option(
        "resume", "An output that is there: resume (redo unless finished so), skip, overwrite, error."
    )
    on_collision: str = option("rename", "Two inputs with one output: rename, or error.")
    sniff: bool = option(False, "Look for pictures in files of other suffixes, or none, too.")
    shard: str = option("1/1", "I/N: only the I-th of N shares of the pictures, for N machines or jobs.")
    in_place: bool = option(False, "OUT is IN, or left away: replace each picture by what is made of it, all at once.")
    max_pixels: int = option(512_000_000, "Inputs with more pixels are refused.")
    frames: str = option("first", "Of animations: first, or all; a TIFF of several pages is refused unless all.")
    lenient: bool = option(False, "Of truncated JPEG files take what is left.")
    strip_metadata: bool = option(False, "Copy no EXIF, XMP, IPTC or texts; colour profile and resolution stay.")
    fail_fast: bool = option(False, "Stop at the first failure.")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_types(self)
        if self.existing not in ("resume", "skip", "overwrite", "error"):
            raise ConfigError(f"existing={self.existing}: choose resume, skip, overwrite or error")
        if self.frames not in ("first", "all"):
            raise ConfigError(f"frames={self.frames}: choose first or all")
        if self.frames == "all" and READABLE.get(f".{self.format.lower()}", "png") not in SEVERAL:
            raise ConfigError(f"--frames all: {self.format} holds one picture; choose {', '.join(SEVERAL)}, or keep")
        if not 1 <= self.quality <= 100:
            raise ConfigError(f"quality is {self.quality}: choose 1 to 100")

    def planning(self) -> dict[str, Any]:
        """The fields that `runner.plan.plan` takes."""
        names = ("format", "existing", "on_collision", "shard", "sniff", "in_place")
        return {name: getattr(self, name) for name in names}

    def decides(self) -> dict[str, Any]:
        """The same, and the fields that decide what becomes of pixels.

        `lenient` is none of them: what can be read without it is the same with it.
        """
        fields = ("format", "quality", "frames", "strip_metadata")
        return super().decides() | {name: getattr(self, name) for name in fields}


@documented
@dataclass(frozen=True, kw_only=True)
class ClusterConfig:
    """By how many workers of a Ray cluster; each field is a flag of `srgan cluster`."""

    address: str = option("", "Of a running cluster, or auto; empty begins one of this machine's cores.")
    workers: int = option(0, "How many there are; 0 is as many as the cluster has room for at the start.")
    cores_each: int = option(0, "Cores that each takes; 0 is 4, or all of a smaller machine.")
    gpus: bool = option(False, "Each takes a GPU.")
    price: float = option(0.0, "What a machine costs an hour, for --dry-run to say what the whole does.")

    def __post_init__(self) -> None:
        if min(self.workers, self.cores_each) < 0:
            raise ConfigError(f"workers={self.workers}, cores_each={self.cores_each}: choose 1 or more, or 0")
