"""Flags that stand for fields of a task are typed again, for a task costs the import of torch: both say the same."""

import click
import pytest

from srgan.cli.commands import RESTORING
from srgan.cli.evaluate import evaluate
from srgan.cli.generate import generate
from srgan.options import SCORING, USE, asked, options_of
from srgan.tasks import TASKS

COMMANDS = {command.name: command for command in (*RESTORING, generate)}

CALLED = {"rounds": "consistent", "first": "seed"}
"""Fields whose flag says something else than their value."""


def flags(command):
    return {parameter.name: parameter for parameter in command.params if isinstance(parameter, click.Option)}


@pytest.mark.parametrize("task", TASKS)
def test_what_a_task_is_asked_when_it_is_used_is_a_flag_of_its_command(task):
    fields, known = options_of(TASKS[task]), flags(COMMANDS[task])

    for name in asked(TASKS[task], USE):
        assert CALLED.get(name, name) in known, name
        if name not in CALLED:
            assert known[name].default == fields[name].default, name


@pytest.mark.parametrize("task", TASKS)
def test_what_a_task_is_asked_for_its_scores_is_a_flag_of_eval(task):
    assert asked(TASKS[task], SCORING) <= set(flags(evaluate))


def test_what_lasts_with_the_weights_or_is_for_training_is_no_flag_of_a_command_that_restores():
    for task, cls in TASKS.items():
        others = set(options_of(cls)) - asked(cls, USE) - {"scale", "source"}  # of which weights are chosen
        assert not others & set(flags(COMMANDS[task])), task
