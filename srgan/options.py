"""Frozen dataclasses as configuration: a field is the flag, the TOML key, the default, the help and the record."""

import dataclasses
import difflib
import math
import numbers
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, TypeVar

from srgan.errors import ConfigError

T = TypeVar("T")

Recipe = Mapping[str, bool | int | float | str]
"""Values of options by name, where they differ from the defaults of their dataclass."""

_KINDS = {bool: "true or false", int: "a whole number", float: "a number"}
_UNITS = {"k": 10**3, "M": 10**6, "G": 10**9}


USE, TRAINING, SCORING = "use", "training", "scoring"
"""When a field of a task is asked: each time pictures are restored, for a training run, or for an evaluation."""


def option(default: T, help: str, *asked: str) -> T:
    """A dataclass field that explains itself; of a task it says when it is asked, and else lasts with the weights."""
    chosen: T = dataclasses.field(default=default, metadata={"help": help, "asked": asked})
    return chosen


def asked(cls: type, *times: str) -> set[str]:
    """The names of the fields that are asked at any of these times."""
    return {name for name, field in options_of(cls).items() if {*times} & {*field.metadata.get("asked", ())}}


def documented(cls: type[T]) -> type[T]:
    """The dataclass, with what its fields say of themselves in its docstring, too."""
    fields = options_of(cls).items()
    lines = (f"        {name}: {field.metadata['help']} Default: {field.default!r}." for name, field in fields)
    cls.__doc__ = "\n".join([f"{str(cls.__doc__).rstrip()}\n\n    Attributes:", *lines, "    "])
    return cls


def options_of(cls: type) -> dict[str, dataclasses.Field[Any]]:
    """The fields of a dataclass that a user may set, by name."""
    return {field.name: field for field in dataclasses.fields(cls) if field.init}


def check_names(given: Iterable[str], known: Iterable[str], what: str = "option") -> None:
    """Raises ConfigError for the first name that is not known, naming the nearest that is."""
    known = sorted(known)
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(known)}"
            raise ConfigError(f"unknown {what} {name!r}: {hint}")


def build(cls: type[T], values: Mapping[str, object]) -> T:
    """An instance of a dataclass from values as TOML, JSON or the command line give them.

    Raises:
        ConfigError: a name is unknown, or a value cannot be what the field is.
    """
    fields = options_of(cls)
    check_names(values, fields)
    return cls(**{name: convert(name, value, type(fields[name].default)) for name, value in values.items()})


def convert(name: str, value: object, kind: type) -> object:
    """`value` as a `kind` (bool, int, float or str), without losing anything of it; integers may end in k, M or G."""
    text = str(value).strip()
    try:
        if kind is bool:
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[text.lower()]
        if kind is int:
            unit = _UNITS.get(text[-1:])
            digits = text if unit is None else text[:-1]
            if not math.isfinite(float(digits)):
                raise ValueError
            number = Fraction(digits) * (unit or 1)
            if number.denominator != 1:
                raise ValueError
            return int(number)
        if kind is float:
            return float(text.replace("_", ""))
    except (KeyError, ValueError, OverflowError) as error:
        raise ConfigError(f"{name}={text}: not {_KINDS[kind]}") from error
    return text


def checked(config: T | None, cls: type[T]) -> T:
    """A configuration, or the default one where there is none.

    Raises:
        ConfigError: it is something else, such as a dictionary.
    """
    if config is not None and not isinstance(config, cls):
        raise ConfigError(f"a {type(config).__name__} is no configuration: srgan.{cls.__name__}(...) makes one")
    return cls() if config is None else config


def check_types(instance: object) -> None:
    """Checks that each field holds what its default is: whole numbers, finite numbers, texts, or true or false.

    Raises:
        ConfigError: one does not.
    """
    for name, field in options_of(type(instance)).items():
        value, kind = getattr(instance, name), type(field.default)
        wanted: type = {float: numbers.Real, int: numbers.Integral}.get(kind, kind)
        if kind not in (*_KINDS, str):
            continue
        if not isinstance(value, wanted) or (isinstance(value, bool) and kind is not bool):
            raise ConfigError(f"{name}={value!r}: not {_KINDS.get(kind, 'a text')}")
        if value != value:
            raise ConfigError(f"{name}={value}: not a number")


def record(instance: object) -> dict[str, Any]:
    """The fields of a dataclass instance that a user may set, as JSON can hold them."""
    return {name: getattr(instance, name) for name in options_of(type(instance))}
