# SPDX-License-Identifier: Apache-2.0
"""What grpcurl shows and calls, with nothing but the server's reflection to go by."""

import array
import json
import os
import subprocess
import unittest

import programs

SERVICES = ["colonnade.v1.Artifacts", "colonnade.v1.Datasets", "colonnade.v1.Models", "colonnade.v1.Packing",
            "colonnade.v1.System", "grpc.health.v1.Health", "inference.GRPCInferenceService"]
NOT_FOUND = 64 + 5  # grpcurl's exit code is 64 plus the status


def setUpModule():
    global daemon
    daemon = unittest.enterModuleContext(programs.Daemon())
    daemon.publish_digits(versions=1)


def grpcurl(*words, data=None):
    options = ["-plaintext", *(["-d", json.dumps(data)] if data is not None else [])]
    return subprocess.run([os.environ["GRPCURL"], *options, daemon.address, *words], capture_output=True, text=True,
                          timeout=60, check=False)


class Case(unittest.TestCase):
    def output(self, *words, **options):
        done = grpcurl(*words, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def call(self, method, **fields):
        return json.loads(self.output(method, data=fields))


class Reflection(Case):
    def test_lists_the_services(self):
        listed = self.output("list").splitlines()
        self.assertEqual([name for name in listed if not name.startswith("grpc.reflection.")], SERVICES)

    def test_describes_every_service(self):
        for service in SERVICES:
            self.assertIn(f"{service} is a service", self.output("describe", service))

    def test_describes_the_calls_of_the_inference_protocol(self):
        text = self.output("describe", "inference.GRPCInferenceService")
        for name in ("ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer"):
            self.assertIn(f"rpc {name} ( .inference.{name}Request ) returns ( .inference.{name}Response );", text)

    def test_describes_packing(self):
        text = self.output("describe", "colonnade.v1.Packing")
        self.assertIn("rpc SubmitJob ( .colonnade.v1.SubmitJobRequest ) returns ( .colonnade.v1.Job );", text)
        self.assertIn("rpc WatchJob ( .colonnade.v1.WatchJobRequest ) returns ( stream .colonnade.v1.JobEvent );", text)

    def test_describes_messages(self):
        self.assertIn("repeated bytes raw_input_contents = 7;", self.output("describe", "inference.ModelInferRequest"))


class Health(Case):
    def test_is_checked(self):
        self.assertEqual(self.call("grpc.health.v1.Health/Check"), {"status": "SERVING"})
        self.assertEqual(self.call("grpc.health.v1.Health/Check", service="colonnade.v1.Packing"),
                         {"status": "SERVING"})

    def test_of_an_unknown_service_is_not_found(self):
        self.assertEqual(grpcurl("grpc.health.v1.Health/Check", data={"service": "nothing"}).returncode, NOT_FOUND)


class Inference(Case):
    def test_server_metadata(self):
        metadata = self.call("inference.GRPCInferenceService/ServerMetadata")
        self.assertEqual((metadata["name"], metadata["extensions"]), ("colonnade", ["parameters"]))

    def test_model_metadata(self):
        metadata = self.call("inference.GRPCInferenceService/ModelMetadata", name="digits")
        self.assertEqual((metadata["versions"], metadata["platform"]), (["1"], "colonnade_array"))

    def test_typed_values_both_ways(self):
        pixels, _ = programs.held_out_digits(1)
        answer = self.call("inference.GRPCInferenceService/ModelInfer", model_name="digits", id="7",
                           parameters={"typed_output": {"bool_param": True}},
                           inputs=[{"name": "image", "datatype": "FP32", "shape": [1, 1, 8, 8],
                                    "contents": {"fp32_contents": list(array.array("f", pixels))}}])
        expected = daemon.run("infer", "digits", "--images", programs.DIGITS, "--format", "digits",
                              "--offset", str(programs.HELD_OUT), "--limit", "1")["images"][0]["logits"]
        logits = answer["outputs"][0]["contents"]["fp32_contents"]
        self.assertEqual(array.array("f", logits), array.array("f", expected))
        self.assertEqual((answer["id"], answer["model_version"]), ("7", "1"))

    def test_unknown_model(self):
        done = grpcurl("inference.GRPCInferenceService/ModelMetadata", data={"name": "nothing"})
        self.assertEqual(done.returncode, NOT_FOUND)
        self.assertIn("Request for unknown model", done.stderr)

    def test_error_details_are_readable(self):
        done = grpcurl("inference.GRPCInferenceService/ModelReady", data={"name": "digits", "version": "v1"})
        self.assertIn("google.rpc.BadRequest", done.stderr)
        self.assertIn("model_version", done.stderr)
