"""Threads that share the cores: in each, and after a fork, torch must take one for itself."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import torch

from srgan.quota import allowed

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


class Threads:
    """One for each picture in work, and where tiles are shared one a core that makes those of all pictures.

    A core that works alone never waits for the others, as the threads inside one convolution do at its end.
    """

    def __init__(self, *, shared: bool) -> None:
        survive_fork()
        cores = allowed(torch.get_num_threads())
        self.pictures = ThreadPoolExecutor(cores + 1, "picture", work_alone, (cores,))
        self.tiles = ThreadPoolExecutor(cores, "tile", work_alone, (cores,)) if shared else None

    def close(self) -> None:
        """No new picture, then no new tile; a picture that waits for one ends with an error that nobody reads."""
        self.pictures.shutdown(wait=False, cancel_futures=True)
        if self.tiles is not None:
            self.tiles.shutdown(cancel_futures=True)
        self.pictures.shutdown()
