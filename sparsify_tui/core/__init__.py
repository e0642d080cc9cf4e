"""The pure core: no files, clocks, threads, processes, onnx or terminal."""
