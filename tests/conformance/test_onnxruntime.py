# SPDX-License-Identifier: Apache-2.0
"""What ONNX Runtime makes of artifacts pulled as ONNX."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import numpy as np
import onnxruntime

import programs

DATA = os.environ.get("COLONNADE_DATA")
AGREEMENT = 0.995  # of the classes, at least
SEEDS = 60
CIFAR_MEAN, CIFAR_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# Packed, hardly retrained: the numbers are the same, whatever they are worth.
RESNET_RECIPE = "{packing: {alpha: 4}, training: {rounds: 1, final_epochs: 1, threads: 1}}\n"
LEVELS = {"all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
          "none": onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL}


def session(path, level="all"):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = LEVELS[level]
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    # Exact products of unsigned and signed bytes, also where the processor has no VNNI.
    options.add_session_config_entry("session.x64quantprecision", "1")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def classes(path, images, level="all"):
    runtime = session(path, level)
    return np.concatenate([runtime.run(None, {"image": images[i:i + 250]})[0] for i in range(0, len(images), 250)]
                          ).argmax(axis=1)


def served_classes(daemon, *words):
    return np.array([image["class"] for image in daemon.run("infer", *words)["images"]])


class Layers(unittest.TestCase):
    """Every kind of layer on its own: off by one unit at most, and that hardly ever."""

    def test_are_a_unit_away_at_most(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([programs.FOLDER / "colonnade-qdq-samples", folder, str(SEEDS)], check=True)
            samples = json.loads((pathlib.Path(folder) / "index.json").read_text())
            self.assertGreater(len(samples), SEEDS)
            for level in LEVELS:
                equal = [self.check(pathlib.Path(folder) / sample["name"], sample, level) for sample in samples]
                self.assertGreater(np.mean(equal), 0.999, level)

    def check(self, start, sample, level):
        image = np.fromfile(f"{start}.input", np.float32).reshape(sample["shape"])
        expected = np.fromfile(f"{start}.result", np.float32).astype(np.float64)
        result = session(f"{start}.onnx", level).run(None, {"image": image})[0][0].astype(np.float64)
        off = np.abs(result - expected)
        self.assertLessEqual(np.max(off - 1e-5 * np.abs(expected)), 1.001 * sample["unit"], f"{level}: {start.name}")
        return np.mean(off <= 1e-5 * np.abs(expected) + 1e-3 * sample["unit"])


class Digits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(programs.Daemon())
        cls.daemon.publish_digits(versions=1)
        cls.onnx = cls.daemon.folder / "digits.onnx"
        cls.pulled = cls.daemon.run("artifact", "pull", "digits", "--format", "onnx", "--output", cls.onnx)
        pixels, _ = programs.held_out_digits(1797 - programs.HELD_OUT)
        cls.images = np.frombuffer(pixels, np.float32).reshape(-1, 1, 8, 8)

    def test_answers_as_the_server_does(self):
        served = served_classes(self.daemon, "digits", "--images", programs.DIGITS, "--format", "digits",
                                "--offset", str(programs.HELD_OUT))
        self.assertEqual(len(served), len(self.images))
        for level in LEVELS:
            agreement = np.mean(classes(self.onnx, self.images, level) == served)
            print(f"digits, optimizations {level}: {agreement:.2%} of {len(served)} classes agree")
            self.assertGreaterEqual(agreement, AGREEMENT)

    def test_declares_what_is_served(self):
        runtime = session(self.onnx)
        tensors = [(t.name, t.type, t.shape) for t in (*runtime.get_inputs(), *runtime.get_outputs())]
        self.assertEqual(tensors, [("image", "tensor(float)", ["batch", 1, 8, 8]),
                                   ("logits", "tensor(float)", ["batch", 10])])

    def test_says_what_it_is(self):
        metadata = session(self.onnx).get_modelmeta().custom_metadata_map
        self.assertEqual(metadata, {"artifact": "digits:1",
                                    "normalization": f"{programs.MEAN}/{programs.DEVIATION}"})

    def test_two_pulls_are_the_same(self):
        again = self.daemon.run("artifact", "pull", "digits", "--format", "onnx", "--output", self.daemon.folder / "2")
        self.assertEqual(again["sha256"], self.pulled["sha256"])
        self.assertEqual(again["size_bytes"], self.onnx.stat().st_size)

    def test_raw_pixels_go_in_as_they_are(self):
        daemon, recipe = self.daemon, self.daemon.folder / "pixels.yaml"
        recipe.write_text("{training: {rounds: 1, final_epochs: 1, threads: 1}, quantization: {input_type: uint8}}")
        daemon.run("dataset", "push", programs.DIGITS, "--format", "digits", "--limit", "179", "--source", "digits",
                   "--source-size", "1797", "--normalize", f"{programs.MEAN}/{programs.DEVIATION}", "--name", "again")
        daemon.run("job", "submit", "--model", "digits", "--dataset", "again", "--recipe", recipe, "--name", "pixels",
                   "--watch")
        onnx = daemon.folder / "pixels.onnx"
        daemon.run("artifact", "pull", "pixels", "--format", "onnx", "--output", onnx)
        pixels = np.rint((self.images * programs.DEVIATION + programs.MEAN) * 255).astype(np.uint8)
        served = served_classes(daemon, "pixels", "--images", programs.DIGITS, "--format", "digits",
                                "--offset", str(programs.HELD_OUT))
        self.assertGreaterEqual(np.mean(classes(onnx, pixels) == served), AGREEMENT)


@unittest.skipUnless(DATA, "COLONNADE_DATA is not set")
class ResNet20(unittest.TestCase):
    def test_answers_as_the_server_does_on_test_5k(self):
        daemon = self.enterContext(programs.Daemon())
        data, test = pathlib.Path(DATA), pathlib.Path(DATA) / "cifar10/test_5k.bin"
        recipe, onnx = daemon.folder / "recipe.yaml", daemon.folder / "r20.onnx"
        recipe.write_text(RESNET_RECIPE)
        daemon.run("model", "push", data / "models/resnet20_cifar10.onnx", "--name", "r20")
        normalize = "/".join(",".join(map(str, values)) for values in (CIFAR_MEAN, CIFAR_DEVIATION))
        daemon.run("dataset", "push", data / "cifar10/train_10k.bin", "--format", "cifar10", "--limit", "5000",
                   "--source", "cifar10", "--source-size", "50000", "--normalize", normalize, "--name", "train")
        daemon.run("job", "submit", "--model", "r20", "--dataset", "train", "--recipe", recipe, "--name", "r20",
                   "--watch")
        daemon.run("artifact", "pull", "r20", "--format", "onnx", "--output", onnx)
        served = served_classes(daemon, "r20", "--images", test, "--format", "cifar10")
        pixels = np.fromfile(test, np.uint8).reshape(-1, 3073)[:, 1:].reshape(-1, 3, 32, 32)
        scale = [np.array(values).reshape(1, 3, 1, 1) for values in (CIFAR_MEAN, CIFAR_DEVIATION)]
        images = ((pixels / 255 - scale[0]) / scale[1]).astype(np.float32)
        self.assertEqual(len(served), 5000)
        for level in LEVELS:
            agreement = np.mean(classes(onnx, images, level) == served)
            print(f"ResNet-20, optimizations {level}: {agreement:.2%} of {len(served)} classes agree")
            self.assertGreaterEqual(agreement, AGREEMENT)
