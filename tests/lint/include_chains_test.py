# SPDX-License-Identifier: Apache-2.0
"""The checker of include chains finds what it should, on trees made for it."""

import pathlib
import tempfile
import unittest

import include_chains

PAGE = """
## Folders and direction

    daemon:  main -> daemon -> rpc -> { jobs, serving }
                  -> { artifact, executors } -> array -> base
    worker:  worker_main -> pipeline -> { training, artifact }
                  -> { packing, array, onnx } -> base
    inspect: inspect_main -> onnx -> base
    client -> proto        rpc, artifact -> proto

## Next
"""

HEADERS = ["server/base/a.h", "server/array/a.h", "server/jobs/a.h", "server/serving/a.h", "server/packing/a.h",
           "server/artifact/a.h", "server/training/a.h", "server/onnx/a.h", "client/include/colonnade/client.h",
           "client/src/impl.h", "client/src/formats/a.h"]


def findings(path, *lines):
    """What the checker finds in a file of these lines, in a tree that has HEADERS."""
    with tempfile.TemporaryDirectory() as root:
        for name, text in [("docs/architecture.md", PAGE), *((header, "") for header in HEADERS),
                           (path, "\n".join(lines))]:
            file = pathlib.Path(root) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        checked, found = include_chains.check(root)
        assert checked >= len(HEADERS)
        return found


class IncludeChains(unittest.TestCase):
    def assert_fine(self, path, *lines):
        self.assertEqual(findings(path, *lines), [])

    def assert_refused(self, text, path, *lines):
        found = findings(path, *lines)
        self.assertEqual(len(found), 1, found)
        self.assertIn(text, found[0])

    def test_rightwards_is_fine(self):
        self.assert_fine("server/jobs/b.cc", '#include "server/jobs/a.h"', '#include "server/artifact/a.h"',
                         '#include "server/base/a.h"', '#include <vector>', '#include "absl/status/status.h"')
        self.assert_fine("server/main.cc", '#include "server/jobs/a.h"')
        self.assert_fine("server/model_report.cc", '#include "server/onnx/a.h"')

    def test_leftwards_is_refused(self):
        self.assert_refused("base may not include array", "server/base/b.h", '#include "server/array/a.h"')
        self.assert_refused("b.cc:2: array may not include jobs", "server/array/b.cc", "", '#include "server/jobs/a.h"')

    def test_sideways_is_refused(self):
        self.assert_refused("jobs may not include serving", "server/jobs/b.cc", '#include "server/serving/a.h"')

    def test_folders_of_both_chains_keep_both(self):
        self.assert_fine("server/artifact/b.cc", '#include "server/array/a.h"')
        self.assert_refused("artifact may not include packing", "server/artifact/b.cc", '#include "server/packing/a.h"')

    def test_chains_are_not_crossed(self):
        self.assert_refused("daemon may not include training", "server/daemon.cc", '#include "server/training/a.h"')
        self.assert_refused("daemon may not include onnx", "server/config.cc", '#include "server/onnx/a.h"')
        self.assert_refused("inspect_main may not include packing", "server/inspect_main.cc",
                            '#include "server/packing/a.h"')

    def test_unknown_folders_are_refused(self):
        self.assert_refused("misc stands in no chain", "server/misc/a.cc", "")

    def test_libraries_stay_in_their_folders(self):
        self.assert_fine("server/training/b.cc", "#include <torch/torch.h>")
        self.assert_refused("LibTorch", "server/training/b.h", "#include <torch/torch.h>")
        self.assert_refused("LibTorch", "server/pipeline/b.cc", "#include <ATen/ATen.h>")
        self.assert_fine("server/onnx/b.h", "#include <onnx/onnx_pb.h>")
        self.assert_refused("ONNX", "server/model_report.cc", "#include <onnx/onnx_pb.h>")
        self.assert_fine("server/rpc/b.cc", "#include <grpcpp/grpcpp.h>")
        self.assert_refused("gRPC", "server/jobs/b.cc", "# include <grpcpp/grpcpp.h>")
        self.assert_fine("server/daemon_metrics.cc", "#include <prometheus/counter.h>")
        self.assert_refused("prometheus-cpp", "server/daemon_metrics.h", "#include <prometheus/counter.h>")

    def test_proto_is_for_those_named(self):
        self.assert_fine("server/rpc/b.cc", '#include "colonnade/v1/models.pb.h"')
        self.assert_fine("client/src/b.cc", '#include "inference/inference.grpc.pb.h"')
        self.assert_refused("jobs may not include proto", "server/jobs/b.cc", '#include "colonnade/worker/v1/worker.pb.h"')
        self.assert_refused("client may not include proto", "client/include/colonnade/b.h",
                            '#include "colonnade/v1/models.pb.h"')

    def test_clients_and_servers_are_apart(self):
        self.assert_fine("client/src/b.cc", '#include "colonnade/client.h"', '#include "client/src/impl.h"')
        self.assert_refused("client may not include base", "client/src/b.cc", '#include "server/base/a.h"')
        self.assert_refused("jobs may not include client", "server/jobs/b.cc", '#include "colonnade/client.h"')
        self.assert_refused("gRPC", "client/cli/b.cc", "#include <grpcpp/channel.h>")
        self.assert_refused("gRPC", "client/src/formats/b.cc", "#include <grpcpp/channel.h>")

    def test_only_the_library_sees_its_inside(self):
        self.assert_refused("only from client/src", "client/cli/b.cc", '#include "client/src/impl.h"')
        self.assert_refused("only from client/src", "client/include/colonnade/b.h", '#include "client/src/impl.h"')

    def test_relative_paths_are_refused(self):
        self.assert_refused("is no path from the repository root", "server/jobs/b.cc", '#include "a.h"')

    def test_tests_may_include_anything(self):
        self.assert_fine("tests/unit/b.cc", '#include "server/jobs/a.h"', '#include "client/src/impl.h"',
                         "#include <torch/torch.h>")


if __name__ == "__main__":
    unittest.main()
