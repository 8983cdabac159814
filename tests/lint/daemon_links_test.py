# SPDX-License-Identifier: Apache-2.0
"""The checker of the daemon's links finds what it should."""

import sys
import unittest

from daemon_links import check, library_findings, symbol_findings, target_findings

LIBRARIES = "\tlinux-vdso.so.1 (0x7ffc)\n\tlibstdc++.so.6 => /lib/libstdc++.so.6 (0x7f)\n"


class DaemonLinks(unittest.TestCase):
    def test_loaded_libraries(self):
        self.assertEqual(library_findings(LIBRARIES), [])
        for name in ["libtorch_cpu.so.1.13", "libc10.so.1.13", "libonnx.so.1"]:
            self.assertEqual(library_findings(f"{LIBRARIES}\t{name} => /lib/{name} (0x7f)\n"), [f"loads {name}"])
        self.assertEqual(len(library_findings("\tnot a dynamic executable\n")), 1)

    def test_symbols(self):
        own = "colonnade::rpc::Server::Start()\nstd::at::x\nformat::onnx::x\n"
        self.assertEqual(symbol_findings(own), [])
        for symbol in ["onnx::ModelProto::Clear()", "vtable for onnx::NodeProto", "at::Tensor::add()",
                       "colonnade::onnx::ImportOnnx(std::string_view)", "typeinfo name for torch::nn::Module"]:
            self.assertIn(symbol, symbol_findings(own + symbol)[0])
        self.assertEqual(len(symbol_findings("")), 1)

    def test_targets(self):
        self.assertEqual(target_findings("colonnade_rpc\ncolonnade_jobs\nfmt::fmt"), [])
        for name in ["colonnade_onnx", "onnx_proto", "torch_cpu", "colonnade_training"]:
            self.assertEqual(target_findings(f"colonnade_rpc\n{name}"), [f"is linked with {name}"])
        self.assertEqual(len(target_findings("fmt::fmt")), 1)

    def test_a_missing_program_is_a_failure(self):
        self.assertEqual(check(sys.executable + ".missing", ""), ["is not built"])


if __name__ == "__main__":
    unittest.main()
