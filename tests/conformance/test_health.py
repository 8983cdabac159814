# SPDX-License-Identifier: Apache-2.0
"""grpc.health.v1 as the gRPC project's own client sees it."""

import unittest

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

import programs

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


class Health(unittest.TestCase):
    def setUp(self):
        self.daemon = self.enterContext(programs.Daemon())
        self.stub = health_pb2_grpc.HealthStub(self.enterContext(grpc.insecure_channel(self.daemon.address)))

    def check(self, service):
        return self.stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=30).status

    def watch(self, service):
        return self.stub.Watch(health_pb2.HealthCheckRequest(service=service), timeout=60)

    def test_the_server_as_a_whole_serves(self):
        self.assertEqual(self.check(""), SERVING)

    def test_every_service_serves(self):
        for service in ("inference.GRPCInferenceService", "colonnade.v1.Models", "colonnade.v1.Datasets",
                        "colonnade.v1.Packing", "colonnade.v1.Artifacts", "colonnade.v1.System"):
            self.assertEqual(self.check(service), SERVING, service)

    def test_check_of_an_unknown_service_is_not_found(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.check("colonnade.v1.Nothing")
        self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)

    def test_watch_of_an_unknown_service_says_so(self):
        self.assertEqual(next(self.watch("colonnade.v1.Nothing")).status, SERVICE_UNKNOWN)

    def test_watch_follows_the_server_to_its_end(self):
        watched = self.watch("")
        self.assertEqual(next(watched).status, SERVING)
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(next(watched).status, NOT_SERVING)
