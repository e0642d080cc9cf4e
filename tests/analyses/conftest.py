"""What several tests of the analyses share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from distributed import LocalCluster


@pytest.fixture(scope="package")
def cluster() -> Iterator[LocalCluster]:
    """A Dask scheduler with two worker processes; one that is killed is started again."""
    from distributed import LocalCluster  # noqa: PLC0415 - slow, and few tests need it

    with LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0"
    ) as found:
        yield found
