"""Flags that are made of the fields of a dataclass, each with the field's name, default and help."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import click

from srgan import options

_SHORT = {"device": "-d", "tile": "-t", "format": "-f", "quality": "-q"}


def flags_of(config: type) -> list[Callable[..., Any]]:
    """What adds a flag for each field of a dataclass to a command."""
    return [_flag(*one) for one in reversed(options.options_of(config).items())]


def _flag(name: str, field: dataclasses.Field[Any]) -> Callable[..., Any]:
    """The flag of a field."""
    names = [f"--{name.replace('_', '-')}", *([_SHORT[name]] if name in _SHORT else [])]
    default, text = field.default, field.metadata["help"]
    if type(default) is bool:
        return click.option(*names, is_flag=True, default=default, help=text)
    metavar = type(default).__name__.upper()
    return click.option(*names, type=str, metavar=metavar, default=default, show_default=True, help=text)
