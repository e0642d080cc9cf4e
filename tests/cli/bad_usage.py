"""Requests that make no sense, or that are not built yet: refused with exit code 2."""

from __future__ import annotations

from collections.abc import Mapping

from tests.cli.bad_input import Bad, on

USAGE: Mapping[str, Bad] = {
    name: Bad(says=says, words=on(*words), code=2)
    for name, says, words in (
        ("no such project", "no project nope", ["profile", "perf", "nope"]),
        ("a misspelt verb", "no project inspekt", ["inspekt"]),
        ("an option of no one", "--frob", ["inspect", "@/small.onnx", "--frob"]),
        ("no argument", "MODEL", ["inspect"]),
        ("no terminal", "needs a terminal", []),
        ("no terminal for a project", "needs a terminal", ["planned"]),
        ("no terminal for a model", "needs a terminal", ["open", "@/small.onnx"]),
        ("a dimension that is no pair", "name=N", ["inspect", "@/small.onnx", "--dim", "n"]),
        ("a dimension of no one", "dimension z", ["inspect", "@/small.onnx", "--dim", "z=1"]),
        ("a dimension of zero", "1 or more", ["inspect", "@/small.onnx", "--dim", "n=0"]),
        ("a value that is no number", "input=V", ["inspect", "@/small.onnx", "--value", "x=nan"]),
        ("a value of no input", "no input", ["inspect", "@/small.onnx", "--value", "z=1"]),
        ("a batch of zero", "batch", ["profile", "perf", "planned", "--batch", "0"]),
        ("no thread", "Threads", ["profile", "perf", "planned", "--threads", "0"]),
        ("no batch at all", "batch", ["benchmark", "planned", "--batch", ","]),
        ("a batch that is a word", "--batch", ["benchmark", "planned", "--batch", "one"]),
        ("a second thread count of zero", "Threads", ["benchmark", "planned", "--threads", "1,0"]),
        ("no time", "--seconds", ["benchmark", "planned", "--seconds", "0"]),
        ("an engine of no one", "torch", ["benchmark", "planned", "--engine", "torch"]),
        ("a second plan of no one", "There is no optimization",
         ["benchmark", "planned", "--optimization", "first", "--optimization", "b"]),
        ("the original and another", "--original",
         ["benchmark", "planned", "--original", "--optimization", "a"]),
        ("no stream", "Streams", ["benchmark", "planned", "--streams", "0"]),
        ("a metric of no function", "FILE.py:FUNCTION",
         ["benchmark", "planned", "--metric", "score.py"]),
        ("a metric of no file", "no file", ["benchmark", "planned", "--metric", "@/gone.py:right"]),
        ("a requirement of nothing", "needs an optimization",
         ["benchmark", "bare", "--require", "speed_up>=1"]),
        ("a comparison of nothing", "no benchmark", ["benchmarks", "compare", "bare", "a", "b"]),
        ("no benchmark to repeat", "no benchmark", ["benchmarks", "again", "bare", "a"]),
        ("an archive to come", "'export'", ["projects", "export", "bare", "@/bare.tar"]),
        ("a comparison to come", "'compare'", ["optimizations", "compare", "planned", "a", "b"]),
        ("a job left alone", "--detach", ["profile", "loss", "planned", "--detach"]),
        ("a requirement unread", "--require", ["benchmark", "planned", "--require", "fast"]),
        ("levels out of range", "between 0 and 1", ["profile", "loss", "planned", "--levels", "2"]),
        ("another method", "one-shot", ["profile", "loss", "planned", "--method", "one-shot"]),
        ("a metric", "--metric", ["profile", "loss", "planned", "--metric", "kl"]),
        ("too much sparsity", "sparsity", ["optimize", "planned", "--sparsity", "1"]),
        ("no number", "sparsity", ["optimize", "planned", "--sparsity", "nan"]),
        ("a layer of no one", "no prunable layer fc9", ["optimize", "planned", "--lock", "fc9"]),
        ("a level too high", "fc1", ["optimize", "planned", "--layer", "fc1=1.5"]),
        ("a level that is no pair", "ID=LEVEL", ["optimize", "planned", "--layer", "fc1"]),
        ("a rate that is no pair", "--lr", ["optimize", "planned", "--lr", "fast"]),
        ("a rate too high", "rates", ["optimize", "planned", "--lr", "0.1:99"]),
        *(
            (f"{option} to come", f"{option} is not built", ["optimize", "planned", option, "2"])
            for option in ("--speed-up", "--max-loss", "--compression", "--balance")
        ),
        ("no such number format", "int8", ["optimize", "planned", "--quantize", "fp8"]),
        ("a search without int8", "search for int8", ["optimize", "planned", "--batch", "8"]),
        (
            "a lock of no pruning",
            "shapes a pruning",
            ["optimize", "planned", "--quantize", "int8", "--lock", "fc1"],
        ),
        ("a structure to come", "2:4", ["optimize", "planned", "--structure", "2:4"]),
        ("a repair to come", "auto", ["apply", "planned", "-o", "@/o.onnx", "--repair", "auto"]),
        ("a target of no one", "unknown", ["export", "planned", "--target", "tflite"]),
        ("a target to come", "not built", ["export", "planned", "--target", "report"]),
        ("parameter names to come", "--params", ["export", "planned", "--params", "@/p.json"]),
        ("an export of nothing", "Which project", ["export"]),
        ("no such optimization", "nope", ["export", "planned", "--optimization", "nope"]),
        ("no optimization yet", "no optimization", ["apply", "bare", "-o", "@/o.onnx"]),
        ("no profile yet", "no performance profile", ["show", "bare", "performance"]),
        ("a section of no one", "sections", ["show", "bare", "sections"]),
        ("a delete without yes", "needs --yes", ["projects", "delete", "bare"]),
        ("a name that is taken", "another project", ["projects", "rename", "bare", "planned"]),
        ("an empty name", "name", ["projects", "rename", "bare", " "]),
        ("a setting of no one", "colour", ["settings", "set", "bare", "colour=red"]),
        ("a setting without a value", "NAME=VALUE", ["settings", "set", "bare", "epochs"]),
        ("a setting out of range", "Epochs", ["settings", "set", "bare", "epochs=0"]),
        ("a setting that is no number", "dim.n", ["settings", "set", "bare", "dim.n=wide"]),
        ("an unset of no input", "no input", ["settings", "set", "bare", "value.z=1"]),
        ("a role of no one", "train", ["data", "remove", "bare", "train"]),
        ("no such item", "no benchmark", ["benchmarks", "show", "bare", "x"]),
        ("a delete of one", "--yes", ["optimizations", "delete", "planned", "uniform-50"]),
        *(
            (f"{verb} to come", f"`{verb}` is not built", [verb, "planned"])
            for verb in ("verify", "import", "prove", "diff", "bisect", "undo", "redo", "jobs")
        ),
    )
}  # fmt: skip
