"""Where independent items are measured: in threads here, or by the workers of a Dask scheduler.

The only file that knows Dask; an extra: `pip install sparsify-tui[dask]`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from sparsify_tui import __version__
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import JobError, MissingEngineError, SparsifyError, UsageError

if TYPE_CHECKING:
    from distributed import Client

P = ParamSpec("P")
T = TypeVar("T")

_PATIENCE_S = 5
"""For the scheduler's answer, and for its first worker."""


@contextmanager
def open_executor(workers: int, scheduler: str = "") -> Iterator[Executor]:
    """Opens what items are submitted to; on leaving, those not begun are given up.

    Args:
        workers: Threads of this process; without a scheduler.
        scheduler: Address of a Dask scheduler, whose workers find the model and its data under
            the same paths as this process; empty for this machine alone.

    Raises:
        MissingEngineError: Dask is not installed.
        UsageError: That is no address.
        JobError: The scheduler does not answer, has no worker that can take part, or is lost.
    """
    if scheduler:
        with _cluster(scheduler) as executor:
            yield executor
        return
    threads = ThreadPoolExecutor(workers)
    try:
        yield threads
    finally:
        threads.shutdown(cancel_futures=True)


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    client = _client(address)
    try:
        _check_workers(client, address)
        with _named_losses(address):
            yield _Cluster(client)
    finally:
        client.close()


def _client(address: str) -> Client:
    try:
        from distributed import Client  # noqa: PLC0415 - half a second, and an extra
    except ImportError as error:
        raise MissingEngineError(
            f"A scheduler needs Dask, which is missing: {error}.",
            "pip install sparsify-tui[dask]",
        ) from error
    try:
        asyncio.run(asyncio.wait_for(_greet(address), _PATIENCE_S))
        return Client(address, timeout=_PATIENCE_S, set_as_default=False)
    except ValueError as error:
        raise UsageError(
            f"{_shown(address)} is no address of a scheduler: {clean_text(error, 120)}.",
            "Give what the scheduler prints when it starts, such as tcp://10.0.0.5:8786.",
        ) from error
    except Exception as error:  # whoever answers at that address may say anything
        raise JobError(
            f"No Dask scheduler answers at {_shown(address)}.",
            "Start one with `dask scheduler`, or measure on this machine alone.",
        ) from error


async def _greet(address: str) -> None:
    """Shakes hands, which a client would wait for without end where nobody answers."""
    from distributed import Security  # noqa: PLC0415 - see above
    from distributed.comm.core import connect  # noqa: PLC0415

    security = Security().get_connection_args("client")
    line = await connect(address, timeout=_PATIENCE_S, **security)
    line.abort()


def _check_workers(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=_PATIENCE_S)
    except TimeoutError as error:
        raise JobError(
            f"The Dask scheduler at {_shown(address)} has no worker.",
            f"Start one on each machine with `dask worker {_shown(address)}`.",
        ) from error
    for worker, found in client.run(_version, on_error="return").items():
        if found != __version__:
            raise JobError(
                f"The worker {clean_text(worker)} lacks sparsify-tui {__version__}: "
                f"{clean_text(found, 120)}.",
                "Install the same version there, and start the worker again.",
            )


def _version() -> str:
    return __version__


@contextmanager
def _named_losses(address: str) -> Iterator[None]:
    from distributed import KilledWorker  # noqa: PLC0415 - the client is there

    try:
        yield
    except CancelledError as error:
        raise JobError(
            f"The Dask scheduler at {_shown(address)} was lost.",
            "What was measured is kept; go on when it is back.",
        ) from error
    except KilledWorker as error:
        raise JobError(
            f"{error.allowed_failures + 1} workers died of the same item.",
            "They may lack memory: give them more, or measure on fewer samples.",
        ) from error


class _Cluster(Executor):
    """Dask's executor, which forgets an answer as soon as it is here.

    Dask keeps an answer on the worker that found it for as long as anybody holds its future,
    and would have it found once more when that worker dies.
    """

    def __init__(self, client: Client) -> None:
        self._dask = client.get_executor(pure=False)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        here: Future[T] = Future()
        there = self._dask.submit(_run_there, fn, args, kwargs)
        there.add_done_callback(partial(_hand_over, here))
        return here


def _hand_over(here: Future[T], there: Future[T]) -> None:
    if not here.set_running_or_notify_cancel():
        return
    if there.cancelled():
        here.set_exception(CancelledError())
    elif error := there.exception():
        here.set_exception(error)
    else:
        here.set_result(there.result())


def _run_there(fn: Callable[..., T], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> T:
    try:
        return fn(*args, **kwargs)
    except SparsifyError as error:
        raise type(error)(
            f"On {socket.gethostname()}: {error.message}",
            f"{error.hint} A worker needs the model and its data under the same paths.".strip(),
        ) from error


def _shown(address: str) -> str:
    return clean_text(address, 80)
