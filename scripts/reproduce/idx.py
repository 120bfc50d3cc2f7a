"""Cuts MNIST's test set, in the files its makers publish, into digits to learn from and digits to judge by.

python scripts/reproduce/idx.py MNIST OUT    the first 9,000 go into OUT/learn, the last 1,000 into OUT/held
"""

import argparse
import gzip
from pathlib import Path

import numpy as np

LEARNT = 9_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mnist", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    for name, begin, shape in (("t10k-images-idx3-ubyte", 16, (28, 28)), ("t10k-labels-idx1-ubyte", 8, ())):
        held = gzip.decompress((given.mnist / f"{name}.gz").read_bytes())
        every = np.frombuffer(held, np.uint8, offset=begin).reshape(-1, *shape)
        for folder, some in (("learn", every[:LEARNT]), ("held", every[LEARNT:])):
            (given.out / folder).mkdir(parents=True, exist_ok=True)
            sides = np.array(some.shape, ">u4").tobytes()
            (given.out / folder / name).write_bytes(held[:4] + sides + some.tobytes())


if __name__ == "__main__":
    main()
