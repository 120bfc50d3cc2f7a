"""How many threads torch takes, where it must take one: in threads that share the cores, and after a fork."""

import os
import threading

import torch

_ORIGIN = os.getpid()


def work_alone(cores: int) -> None:
    """This thread computes alone; others have `cores` threads, as before.

    torch notes the number for all threads that begin later, too: another thread notes the old one again.
    """
    torch.get_num_threads()  # when it is asked first in a thread, torch takes what was noted
    torch.set_num_threads(1)
    other = threading.Thread(target=torch.set_num_threads, args=(cores,))
    other.start()
    other.join()


def forked() -> bool:
    """Whether this process was forked from one that had this package and may have had threads, which are gone."""
    return os.getpid() != _ORIGIN


def survive_fork() -> None:
    """Keeps a forked process from waiting for ever for threads that are gone: torch does without, as in its loaders."""
    if forked():
        torch.set_num_threads(1)
