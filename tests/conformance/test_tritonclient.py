# SPDX-License-Identifier: Apache-2.0
"""What a user of tritonclient sees, call by call."""

import contextlib
import queue
import unittest

import numpy as np
from tritonclient import grpc as triton
from tritonclient.utils import InferenceServerException

import programs

IMAGES = 100


def setUpModule():
    global daemon, client, images, labels
    daemon = unittest.enterModuleContext(programs.Daemon())
    daemon.publish_digits(versions=2)
    client = unittest.enterModuleContext(triton.InferenceServerClient(daemon.address))
    pixels, labels = programs.held_out_digits(IMAGES)
    images = np.frombuffer(pixels, np.float32).reshape(-1, 1, 8, 8)


def image_input(values, name="image", datatype="FP32"):
    tensor = triton.InferInput(name, list(values.shape), datatype)
    return tensor.set_data_from_numpy(values)


def infer(values, model="digits", **options):
    return client.infer(model, [image_input(values)], **options)


def logits(values, **options):
    return infer(values, **options).as_numpy("logits")


class Case(unittest.TestCase):
    @contextlib.contextmanager
    def refused(self, code, *words):
        with self.assertRaises(InferenceServerException) as caught:
            yield
        self.assertEqual(caught.exception.status(), f"StatusCode.{code}", caught.exception.message())
        for word in words:
            self.assertIn(word, caught.exception.message())


class Server(Case):
    def test_is_live_and_ready(self):
        self.assertTrue(client.is_server_live())
        self.assertTrue(client.is_server_ready())

    def test_metadata_names_server_and_extensions(self):
        metadata = client.get_server_metadata()
        self.assertEqual(metadata.name, "colonnade")
        self.assertRegex(metadata.version, r"^\d+\.\d+\.\d+")
        self.assertIn("parameters", metadata.extensions)

    def test_default_tenant_may_be_named(self):
        self.assertTrue(client.is_server_ready(headers={"colonnade-tenant": "default"}))

    def test_other_tenants_are_not_believed(self):
        with self.refused("PERMISSION_DENIED", "tenant 'other'"):
            client.is_server_ready(headers={"colonnade-tenant": "other"})


class Model(Case):
    def test_is_ready_by_name(self):
        self.assertTrue(client.is_model_ready("digits"))

    def test_is_ready_by_name_and_version(self):
        self.assertTrue(client.is_model_ready("digits", "1"))
        self.assertTrue(client.is_model_ready("digits", "2"))

    def test_unknown_name_is_not_ready(self):
        self.assertFalse(client.is_model_ready("nothing"))

    def test_unknown_version_is_not_ready(self):
        self.assertFalse(client.is_model_ready("digits", "3"))

    def test_version_must_be_an_integer(self):
        with self.refused("INVALID_ARGUMENT", "model_version", "'v1'"):
            client.is_model_ready("digits", "v1")

    def test_metadata_has_name_versions_and_platform(self):
        metadata = client.get_model_metadata("digits")
        self.assertEqual(metadata.name, "digits")
        self.assertEqual(sorted(metadata.versions), ["1", "2"])
        self.assertEqual(metadata.platform, "colonnade_array")

    def test_metadata_has_tensors_with_the_batch_first(self):
        metadata = client.get_model_metadata("digits", "1")
        tensors = [(t.name, t.datatype, list(t.shape)) for t in [*metadata.inputs, *metadata.outputs]]
        self.assertEqual(tensors, [("image", "FP32", [-1, 1, 8, 8]), ("logits", "FP32", [-1, 10])])

    def test_metadata_as_json_has_the_same(self):
        metadata = client.get_model_metadata("digits", as_json=True)
        self.assertEqual(metadata["inputs"], [{"name": "image", "datatype": "FP32", "shape": ["-1", "1", "8", "8"]}])

    def test_metadata_of_unknown_name_is_not_found(self):
        with self.refused("NOT_FOUND", "Request for unknown model", "nothing"):
            client.get_model_metadata("nothing")

    def test_metadata_of_unknown_version_is_not_found(self):
        with self.refused("NOT_FOUND", "Request for unknown model", "no version 3"):
            client.get_model_metadata("digits", "3")


class Infer(Case):
    def test_reads_held_out_digits(self):
        right = np.count_nonzero(logits(images).argmax(axis=1) == labels)
        self.assertGreaterEqual(right, 0.8 * IMAGES)

    def test_gives_the_logits_of_the_command_line(self):
        answer = daemon.run("infer", "digits", "--images", programs.DIGITS, "--format", "digits",
                            "--offset", str(programs.HELD_OUT), "--limit", str(IMAGES))
        expected = np.array([image["logits"] for image in answer["images"]], np.float32)
        np.testing.assert_array_equal(logits(images), expected)

    def test_answers_shape_and_datatype(self):
        output = infer(images[:3]).get_output("logits")
        self.assertEqual((output.datatype, list(output.shape)), ("FP32", [3, 10]))

    def test_without_version_takes_the_newest(self):
        answer = infer(images)
        self.assertEqual((answer.get_response().model_name, answer.get_response().model_version), ("digits", "2"))
        np.testing.assert_array_equal(answer.as_numpy("logits"), logits(images, model_version="2"))

    def test_with_version_takes_that_one(self):
        answer = infer(images, model_version="1")
        self.assertEqual(answer.get_response().model_version, "1")
        self.assertFalse(np.array_equal(answer.as_numpy("logits"), logits(images, model_version="2")))

    def test_executors_agree_bit_for_bit(self):
        answers = [infer(images, parameters={"executor": name}) for name in ("reference", "kernels")]
        for answer, name in zip(answers, ("reference", "kernels")):
            self.assertEqual(answer.get_response().parameters["executor"].string_param, name)
        self.assertEqual(*(answer.as_numpy("logits").tobytes() for answer in answers))

    def test_default_executor_is_kernels(self):
        self.assertEqual(infer(images[:1]).get_response().parameters["executor"].string_param, "kernels")

    def test_array_cycles_grow_with_the_batch(self):
        cycles = [infer(images[:n]).get_response().parameters["array_cycles"].int64_param for n in (1, 7)]
        self.assertGreater(cycles[0], 0)
        self.assertEqual(cycles[1], 7 * cycles[0])

    def test_request_id_is_echoed(self):
        self.assertEqual(infer(images[:1], request_id="a-b 17").get_response().id, "a-b 17")

    def test_images_of_a_batch_do_not_influence_each_other(self):
        one_by_one = np.concatenate([logits(images[i:i + 1]) for i in range(40)])
        np.testing.assert_array_equal(logits(images[:40]), one_by_one)

    def test_largest_batch_is_1024(self):
        values = np.resize(images, (1024, 1, 8, 8))
        np.testing.assert_array_equal(logits(values)[:IMAGES], logits(images))
        with self.refused("INVALID_ARGUMENT", "1 to 1024", "1025"):
            infer(np.resize(images, (1025, 1, 8, 8)))

    def test_output_can_be_asked_for_by_name(self):
        answer = logits(images, outputs=[triton.InferRequestedOutput("logits")])
        np.testing.assert_array_equal(answer, logits(images))

    def test_reserved_parameters_change_nothing(self):
        answer = logits(images, sequence_id=7, sequence_start=True, priority=2, timeout=10_000_000)
        np.testing.assert_array_equal(answer, logits(images))

    def test_gzip_and_deflate_change_nothing(self):
        for algorithm in ("gzip", "deflate"):
            np.testing.assert_array_equal(logits(images, compression_algorithm=algorithm), logits(images))

    def test_answers_within_the_client_timeout(self):
        np.testing.assert_array_equal(logits(images, client_timeout=30), logits(images))

    def test_client_timeout_is_a_deadline(self):
        with self.refused("DEADLINE_EXCEEDED"):
            infer(np.resize(images, (1024, 1, 8, 8)), client_timeout=1e-6)


class AsyncInfer(Case):
    def ask(self, tensor, model="digits", **options):
        answers = queue.Queue()
        client.async_infer(model, [tensor], lambda result, error: answers.put((result, error)), **options)
        return answers

    def test_answers_many_at_once(self):
        few = images[:50]  # the daemon admits 64
        asked = [self.ask(image_input(few[i:i + 1]), request_id=str(i)) for i in range(len(few))]
        answers = [answer.get(timeout=60) for answer in asked]
        self.assertEqual([error for _, error in answers if error], [])
        self.assertEqual([result.get_response().id for result, _ in answers], [str(i) for i in range(len(few))])
        np.testing.assert_array_equal(np.concatenate([result.as_numpy("logits") for result, _ in answers]), logits(few))

    def test_hands_errors_to_the_callback(self):
        _, error = self.ask(image_input(images[:1]), model="nothing").get(timeout=60)
        with self.refused("NOT_FOUND", "Request for unknown model"):
            raise error


class Refusal(Case):
    def test_unknown_model(self):
        with self.refused("NOT_FOUND", "Request for unknown model", "nothing"):
            infer(images, model="nothing")

    def test_source_models_are_not_servable(self):
        daemon.run("model", "push", programs.MODEL, "--name", "dense")
        with self.refused("NOT_FOUND", "Request for unknown model", "dense"):
            infer(images, model="dense")

    def test_unknown_version(self):
        with self.refused("NOT_FOUND", "Request for unknown model", "no version 9"):
            infer(images, model_version="9")

    def test_wrong_shape(self):
        with self.refused("INVALID_ARGUMENT", "'image'", "'digits'", "[-1,1,8,8]", "[100,8,8]"):
            infer(images[:, 0])
        with self.refused("INVALID_ARGUMENT", "[-1,1,8,8]", "[100,1,8,7]"):
            infer(np.ascontiguousarray(images[..., :7]))

    def test_empty_batch(self):
        with self.refused("INVALID_ARGUMENT"):
            infer(images[:0])

    def test_wrong_datatype(self):
        with self.refused("INVALID_ARGUMENT", "'image'", "'digits'", "'FP64'", "'FP32'"):
            client.infer("digits", [image_input(images.astype(np.float64), datatype="FP64")])

    def test_wrong_input_name(self):
        with self.refused("INVALID_ARGUMENT", "'pixels'", "'digits'", "'image'"):
            client.infer("digits", [image_input(images, name="pixels")])

    def test_input_given_twice(self):
        with self.refused("INVALID_ARGUMENT", "expected 1 inputs but got 2"):
            client.infer("digits", [image_input(images), image_input(images)])

    def test_unknown_output(self):
        with self.refused("INVALID_ARGUMENT", "'scores'", "'digits'", "'logits'"):
            infer(images, outputs=[triton.InferRequestedOutput("scores")])

    def test_value_that_is_no_number(self):
        values = images.copy()
        values[50, 0, 3, 3] = np.nan
        with self.refused("INVALID_ARGUMENT", "'image'"):
            infer(values)

    def test_unknown_executor(self):
        with self.refused("INVALID_ARGUMENT", "executor", "'abacus'", "kernels", "reference"):
            infer(images, parameters={"executor": "abacus"})

    def test_parameter_of_the_wrong_type(self):
        with self.refused("INVALID_ARGUMENT", "parameters[executor]", "string_param", "int64_param"):
            infer(images, parameters={"executor": 1})

    def test_unknown_parameter(self):
        with self.refused("INVALID_ARGUMENT", "parameters[speed]"):
            infer(images, parameters={"speed": "high"})

    def test_extensions_that_are_not_offered(self):
        with self.refused("UNIMPLEMENTED", "classification"):
            infer(images, outputs=[triton.InferRequestedOutput("logits", class_count=3)])
        tensor = triton.InferInput("image", [1, 1, 8, 8], "FP32").set_shared_memory("region", 256)
        with self.refused("UNIMPLEMENTED", "shared_memory"):
            client.infer("digits", [tensor])
