# SPDX-License-Identifier: Apache-2.0
"""Messages that tritonclient's calls do not make, through its generated stub."""

import array
import unittest

import grpc
from tritonclient.grpc import service_pb2 as messages
from tritonclient.grpc import service_pb2_grpc as stubs

import programs

SHAPE = [1, 1, 8, 8]


def setUpModule():
    global stub, raw, values
    daemon = unittest.enterModuleContext(programs.Daemon())
    daemon.publish_digits(versions=1)
    stub = stubs.GRPCInferenceServiceStub(unittest.enterModuleContext(grpc.insecure_channel(daemon.address)))
    raw, _ = programs.held_out_digits(1)
    values = array.array("f", raw)


def request(contents=None, raw_contents=(), shape=SHAPE, datatype="FP32", **fields):
    message = messages.ModelInferRequest(model_name="digits", raw_input_contents=raw_contents, **fields)
    message.inputs.add(name="image", datatype=datatype, shape=shape)
    if contents:
        message.inputs[0].contents.MergeFrom(messages.InferTensorContents(**contents))
    return message


class Case(unittest.TestCase):
    def assert_refused(self, message, *words, code=grpc.StatusCode.INVALID_ARGUMENT):
        with self.assertRaises(grpc.RpcError) as caught:
            stub.ModelInfer(message)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        for word in words:
            self.assertIn(word, caught.exception.details())


class TypedContents(Case):
    def test_is_answered_raw(self):
        typed = stub.ModelInfer(request({"fp32_contents": values}))
        self.assertEqual(len(typed.raw_output_contents[0]), 40)
        self.assertFalse(typed.outputs[0].HasField("contents"))
        self.assertEqual(typed.raw_output_contents, stub.ModelInfer(request(raw_contents=[raw])).raw_output_contents)

    def test_output_is_typed_on_request(self):
        message = request({"fp32_contents": values})
        plain = stub.ModelInfer(message)
        message.parameters["typed_output"].bool_param = True
        answer = stub.ModelInfer(message)
        self.assertEqual(len(answer.raw_output_contents), 0)
        logits = array.array("f", answer.outputs[0].contents.fp32_contents)
        self.assertEqual(logits.tobytes(), plain.raw_output_contents[0])

    def test_excludes_raw_contents(self):
        self.assert_refused(request({"fp32_contents": values}, [raw]),
                            "contents field must not be specified when using raw_input_contents for 'image' for model "
                            "'digits'")

    def test_of_another_datatype(self):
        self.assert_refused(request({"int_contents": [0] * 64}), "int_contents", "'image'", "'digits'", "fp32_contents")

    def test_in_two_fields(self):
        self.assert_refused(request({"fp32_contents": values, "fp64_contents": values}), "fp64_contents", "'image'")

    def test_of_a_datatype_that_is_raw_only(self):
        self.assert_refused(request({"fp32_contents": values}, datatype="FP16"), "raw_input_contents only")

    def test_of_the_wrong_length(self):
        self.assert_refused(request({"fp32_contents": values[:63]}), "needs 256 bytes", "got 252")


class RawContents(Case):
    def test_missing(self):
        self.assert_refused(request(), "unable to find data for input 'image' of model 'digits'")

    def test_more_entries_than_inputs(self):
        self.assert_refused(request(raw_contents=[raw, raw]), "raw_input_contents", "1 inputs", "got 2")

    def test_a_byte_short(self):
        self.assert_refused(request(raw_contents=[raw[:-1]]), "'image'", "'digits'", "256 bytes", "got 255")

    def test_a_byte_long(self):
        self.assert_refused(request(raw_contents=[raw + b"\0"]), "256 bytes", "got 257")

    def test_above_the_usual_message_limit_of_grpc(self):
        self.assert_refused(request(raw_contents=[bytes(5 << 20)]), "256 bytes", f"got {5 << 20}")


class Shape(Case):
    def test_must_not_be_negative(self):
        self.assert_refused(request(raw_contents=[raw], shape=[-1, 1, 8, 8]), "'image'", "-1")

    def test_must_not_be_empty(self):
        self.assert_refused(request(raw_contents=[raw], shape=[]), "[-1,1,8,8]", "[]")

    def test_may_be_as_large_as_it_wants(self):
        self.assert_refused(request(raw_contents=[raw], shape=[1 << 62, 1, 8, 8]), "1 to 1024", str(1 << 62))
        self.assert_refused(request(raw_contents=[raw], shape=[1, 1 << 62, 8, 8]), "[-1,1,8,8]")


class Request(Case):
    def test_without_inputs(self):
        self.assert_refused(messages.ModelInferRequest(model_name="digits"), "expected 1 inputs but got 0")

    def test_without_model_name(self):
        self.assert_refused(messages.ModelInferRequest(), "Request for unknown model", code=grpc.StatusCode.NOT_FOUND)

    def test_with_a_version_that_is_no_integer(self):
        for version in ("v1", "-1", "1.0", "99999999999999999999"):
            self.assert_refused(request(raw_contents=[raw], model_version=version), "model_version")

    def test_with_a_parameter_that_holds_nothing(self):
        message = request(raw_contents=[raw])
        message.parameters["executor"].SetInParent()
        self.assert_refused(message, "parameters[executor]", "nothing")

    def test_with_a_negative_priority(self):
        message = request(raw_contents=[raw])
        message.parameters["priority"].int64_param = -1
        self.assert_refused(message, "priority", "-1")
