"""The only room that imports onnx: reads model files and writes changed ones."""
