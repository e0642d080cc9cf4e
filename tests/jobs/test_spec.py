from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.jobs.spec import JobEvent, JobSpec

JSON = st.recursive(
    st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=3),
    max_leaves=4,
)
BODIES = st.dictionaries(st.sampled_from(["done", "é", "\n", ""]), JSON, max_size=3)


@settings(max_examples=40, deadline=None)
@given(st.text(), BODIES, st.booleans(), st.none() | st.floats(0, 1e6))
def test_a_job_is_one_line_and_reads_back(
    kind: str, args: dict[str, object], exclusive: bool, seconds: float | None
) -> None:
    spec = JobSpec(kind=kind, args=args, exclusive=exclusive, lock="/l", seconds=seconds)

    assert JobSpec.from_line(spec.to_line()) == spec
    assert spec.to_line().splitlines() == [spec.to_line()[:-1]]


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["progress", "waiting", "partial", "result", "error"]),
    BODIES,
)
def test_an_event_is_one_line_and_reads_back(kind: str, body: dict[str, object]) -> None:
    event = JobEvent(kind=kind, body=body)  # type: ignore[arg-type]

    assert JobEvent.from_line(event.to_line()) == event
    assert event.to_line().splitlines() == [event.to_line()[:-1]]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "noise",
        "[]",
        "{}",
        '{"schema": 2, "kind": "perf", "args": {}}',
        '{"schema": 1, "kind": "perf"}',
        json.dumps({**json.loads(JobSpec(kind="perf", args={}).to_line()), "shell": "rm"}),
    ],
)
def test_what_is_no_job_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"not|Expecting"):
        JobSpec.from_line(line)


@pytest.mark.parametrize("line", ["", "noise", "[]", "3", "{}", '{"event": "party"}'])
def test_what_is_no_event_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"not|Expecting"):
        JobEvent.from_line(line)


def test_an_event_never_holds_what_json_cannot() -> None:
    with pytest.raises(ValueError, match="JSON"):
        JobEvent(kind="result", body={"value": float("nan")}).to_line()
