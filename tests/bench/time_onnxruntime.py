#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times ONNX Runtime beside the kernels executor: one image, one thread, one core.

    COLONNADE_DATA=... tests/bench/time_onnxruntime.py build/release/bin/bench_kernels [--rounds 7]

Needs the Python packages onnxruntime, onnx and numpy. ResNet-20 in fp32 and in 8 bits
(static quantization, per channel, calibrated on random images: only its time counts), in turns with
the packed network at alpha 8; prints the median microseconds of each and the ratios.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

IMAGES = 300  # at a time


class RandomImages(CalibrationDataReader):
    def __init__(self, name, images):
        self.feeds = iter([{name: image} for image in images])

    def get_next(self):
        return next(self.feeds, None)


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def quantized(model, name, images, folder):
    path = pathlib.Path(folder) / "int8.onnx"
    quantize_static(str(model), str(path), RandomImages(name, images), quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
    return path


def microseconds(run):
    run()
    start = time.perf_counter()
    for _ in range(IMAGES):
        run()
    return (time.perf_counter() - start) / IMAGES * 1e6


def kernels(bench):
    output = subprocess.run([bench, "--benchmark_filter=^resnet20/alpha8/kernels/1$", "--benchmark_format=json"],
                            check=True, capture_output=True, text=True).stdout
    return json.loads(output)["benchmarks"][0]["real_time"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    data = os.environ.get("COLONNADE_DATA")
    if data is None:
        sys.exit("time_onnxruntime: COLONNADE_DATA is not set")
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    model = pathlib.Path(data) / "models/resnet20_cifar10.onnx"
    floats = session(model)
    name = floats.get_inputs()[0].name
    images = [numpy.random.default_rng(i).normal(size=(1, 3, 32, 32)).astype(numpy.float32) for i in range(32)]
    with tempfile.TemporaryDirectory() as folder:
        integers = session(quantized(model, name, images, folder))
    feed = {name: images[0]}
    times = {"fp32": [], "int8": [], "kernels": []}
    for _ in range(arguments.rounds):
        times["fp32"].append(microseconds(lambda: floats.run(None, feed)))
        times["int8"].append(microseconds(lambda: integers.run(None, feed)))
        times["kernels"].append(kernels(arguments.bench))
    medians = {key: statistics.median(values) for key, values in times.items()}
    print(json.dumps({"onnxruntime": onnxruntime.__version__, "microseconds": medians,
                      "fp32_over_kernels": medians["fp32"] / medians["kernels"],
                      "int8_over_kernels": medians["int8"] / medians["kernels"]}))


if __name__ == "__main__":
    main()
