"""Options: what a dataclass field accepts, and what is said where it does not."""

from dataclasses import dataclass

import numpy as np
import pytest

from srgan.errors import ConfigError
from srgan.options import build, check_names, check_types, convert, option, options_of, record


@dataclass(frozen=True, kw_only=True)
class Walk:
    steps: int = option(10, "How many.")
    pace: float = option(1.5, "How long each is.")
    uphill: bool = option(False, "Whether it is hard.")
    shoes: str = option("none", "What is worn.")


@pytest.mark.parametrize(
    "values, message",
    [
        ({"steps": 6.5}, "steps=6.5: not a whole number"),
        ({"steps": "3"}, "steps='3': not a whole number"),
        ({"steps": True}, "steps=True: not a whole number"),
        ({"pace": "fast"}, "pace='fast': not a number"),
        ({"pace": None}, "pace=None: not a number"),
        ({"pace": float("nan")}, "pace=nan: not a number"),
        ({"uphill": "no"}, "uphill='no': not true or false"),
        ({"shoes": 0}, "shoes=0: not a text"),
        ({"steps": 7, "pace": 3, "uphill": True, "shoes": "boots"}, None),
        ({"steps": np.int64(7), "pace": np.float32(0.5)}, None),
    ],
)
def test_values_of_another_kind_are_refused(values, message):
    if message is None:
        return check_types(Walk(**values))
    with pytest.raises(ConfigError) as caught:
        check_types(Walk(**values))
    assert str(caught.value) == message


def test_a_field_explains_itself():
    fields = options_of(Walk)

    assert list(fields) == ["steps", "pace", "uphill", "shoes"]
    assert fields["steps"].default == 10
    assert fields["steps"].metadata["help"] == "How many."


@pytest.mark.parametrize(
    "kind, value, expected",
    [
        (int, "20k", 20_000),
        (int, "1.5M", 1_500_000),
        (int, "2G", 2_000_000_000),
        (int, "20_000", 20_000),
        (int, "9007199254740993", 2**53 + 1),
        (int, 2**53 + 1, 2**53 + 1),
        (int, "1e3", 1000),
        (int, 7, 7),
        (int, 7.0, 7),
        (int, "-3", -3),
        (float, "5e-4", 5e-4),
        (float, 1, 1.0),
        (float, " 0.5 ", 0.5),
        (bool, "yes", True),
        (bool, "False", False),
        (bool, True, True),
        (bool, 0, False),
        (str, "png", "png"),
        (str, 4, "4"),
    ],
)
def test_values_become_what_the_field_is(kind, value, expected):
    converted = convert("key", value, kind)

    assert converted == expected
    assert type(converted) is kind


@pytest.mark.parametrize(
    "kind, value",
    [
        (int, "2.5"),
        (int, "5kM"),
        (int, "1kk"),
        (int, "k"),
        (int, "4/2"),
        (int, "1.0000000000000001"),
        (int, "many"),
        (int, "nan"),
        (int, "inf"),
        (int, True),
        (int, ""),
        (float, "fast"),
        (bool, "maybe"),
    ],
)
def test_values_that_would_lose_something_are_refused_by_name(kind, value):
    with pytest.raises(ConfigError, match=f"^key={value}: not (a number|a whole number|true or false)$"):
        convert("key", value, kind)


def test_a_refused_truth_value_is_said_exactly():
    with pytest.raises(ConfigError) as caught:
        build(Walk, {"uphill": "maybe"})
    assert str(caught.value) == "uphill=maybe: not true or false"


def test_an_instance_is_built_from_text_and_recorded_as_json_can_hold_it():
    walk = build(Walk, {"steps": "2k", "uphill": "true"})

    assert walk == Walk(steps=2000, uphill=True)
    assert record(walk) == {"steps": 2000, "pace": 1.5, "uphill": True, "shoes": "none"}
    assert build(Walk, record(walk)) == walk


@pytest.mark.parametrize(
    "given, message",
    [
        ("step", "unknown option 'step': did you mean 'steps'?"),
        ("uphil", "unknown option 'uphil': did you mean 'uphill'?"),
        ("zzz", "unknown option 'zzz': choose from pace, shoes, steps, uphill"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_that_is_known(given, message):
    with pytest.raises(ConfigError) as caught:
        build(Walk, {given: 1})
    assert str(caught.value) == message


def test_known_names_pass_whatever_their_order():
    check_names(["b", "a"], ["a", "b", "c"])
