from __future__ import annotations

import csv
import io
from dataclasses import replace

from sparsify_tui.core.run_tables import (
    benchmark_csv,
    benchmark_markdown,
    comparison_markdown,
    markdown_of,
)
from sparsify_tui.core.runs import ChosenRun, beside_first
from tests.core.examples import benchmark_run, environment, run_of, timing

RUN = benchmark_run(notes="on mains power", problems=("half in openvino: no kernel",))


def test_markdown_says_what_a_reader_needs_to_believe_it() -> None:
    text = benchmark_markdown(RUN)

    assert text.startswith("### benchmark\n\nEPYC, avx512_vnni, 2 cores allowed; onnxruntime")
    assert "| half b1 t1 | 10.0 | 9.90–10.1 |" in text
    assert "1.01× [0.98×, 1.04×] no difference" in text
    assert "- half: NOT optimized" in text
    assert "- half: top-1 0.980 → 0.970" in text
    assert "- not measured: half in openvino: no kernel" in text
    assert text.endswith("on mains power\n")


def test_a_bar_in_a_name_does_not_end_a_cell() -> None:
    assert markdown_of((("a|b", "c"), (("1", ""),))) == "| a\\|b | c |\n| --- | ---: |\n| 1 |  |\n"


def test_csv_holds_a_line_a_run_with_unrounded_numbers() -> None:
    exact = timing(median_ms=1.23456789)
    rows = list(csv.DictReader(io.StringIO(benchmark_csv(
        replace(RUN, runs=(RUN.runs[0], replace(RUN.runs[1], timing=exact)))
    ))))  # fmt: skip

    assert [row["label"] for row in rows] == ["original b1 t1", "half b1 t1"]
    assert float(rows[1]["median_ms"]) == 1.23456789
    assert (rows[0]["ratio"], rows[1]["ratio"]) == ("", "1.01")
    assert rows[1]["verdict"] == "no difference"


def test_a_comparison_of_other_conditions_says_so_in_markdown() -> None:
    doubtful = timing(trusted=False, reasons=("busy",))
    other = benchmark_run(
        id="b2", name="there", comparisons=(),
        runs=(run_of("original b1 t1", environment=environment(cpu="M1"), timing=doubtful),),
    )  # fmt: skip
    rows = beside_first([ChosenRun(benchmark=one, run=one.runs[0]) for one in (RUN, other)])

    text = comparison_markdown(rows)

    assert "| there: original b1 t1 |" in text
    assert "not in turn" in text
    assert "not the same conditions: cpu EPYC and M1" in text
    assert "not trusted: there: original b1 t1" in text
