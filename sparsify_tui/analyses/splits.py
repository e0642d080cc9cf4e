"""Keeps calibration and test apart: a score on samples that choices were made with flatters."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sparsify_tui.analyses.samples import Samples
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.project import DataRole
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import DataError

_SAME_SET = 0.5
"""Share of either set from which they are one. Fewer may be chance, where inputs are simple."""

_ON_TEST_DATA = "Measured on the test set: a later test of what is chosen by this flatters it."


def shared_samples(samples: Samples, other: Samples, role: DataRole) -> str:
    """How many samples are in another set, too, in words; empty where none is.

    Args:
        samples: To be attached.
        other: Attached already.
        role: What the other set is for.

    Raises:
        DataError: At least half of one set is in the other.
    """
    mine, theirs = fingerprints(samples), fingerprints(other)
    here, there = _found_in(mine, theirs), _found_in(theirs, mine)
    if here >= _SAME_SET * samples.count or there >= _SAME_SET * other.count:
        raise DataError(
            f"Of the {samples.count} samples of {clean_text(samples.source)}, {here} are in the "
            f"{role} set {clean_text(other.source)}, too: a test on samples that were calibrated "
            "with proves nothing.",
            f"Take other samples, or free those: `sparsify-tui data remove PROJECT {role}`.",
        )
    return f"{here} of its {samples.count} samples are in the {role} set, too" if here else ""


def fingerprints(samples: Samples) -> Counter[bytes]:
    """A digest of each sample: of its numbers, or of its image file however that is read."""
    return Counter(_digests(samples))


def split_warnings(options: RunOptions) -> tuple[str, ...]:
    """What to say of a measurement that chooses with the data it will be tested on."""
    return (_ON_TEST_DATA,) if options.is_test_data else ()


def _digests(samples: Samples) -> Iterator[bytes]:
    if samples.files:
        yield from map(_file_digest, samples.files)
        return
    arrays = [samples.arrays[name][:] for name in sorted(samples.arrays)]
    for row in range(samples.count):
        digest = hashlib.sha256()
        for array in arrays:
            digest.update(array[row].tobytes())
        yield digest.digest()


def _file_digest(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    except OSError as error:
        raise DataError(
            f"{clean_text(file)} cannot be read: {clean_text(error.strerror).lower()}.",
            "Replace it, or take it out of the folder.",
        ) from error


def _found_in(some: Counter[bytes], others: Counter[bytes]) -> int:
    return sum(count for digest, count in some.items() if digest in others)
