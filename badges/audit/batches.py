"""Batches of values for queries, whose number of parameters databases limit."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

BATCH_SIZE = 1_000

T = TypeVar("T")


def batches_of(values: Iterable[T]) -> Iterator[list[T]]:
    """Yield the values in lists of at most BATCH_SIZE, in order."""
    values = iter(values)
    while batch := list(islice(values, BATCH_SIZE)):
        yield batch
