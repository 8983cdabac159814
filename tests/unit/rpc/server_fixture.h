// SPDX-License-Identifier: Apache-2.0
// A server over a unix socket, with a model that needs no artifact and backends
// that only remember.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "server/rpc/server.h"
#include "tests/unit/rpc/fake_backends.h"
#include "tests/unit/serving/fakes.h"

namespace colonnade::rpc {

class ServerFixture : public ::testing::Test {
 protected:
  ServerFixture() {
    catalog_.Publish("default", "toy", 1);
    catalog_.Publish("acme", "toy", 5);
  }

  Core core() { return {engine_, models_, datasets_, jobs_, artifacts_, system_, metrics_}; }

  void Start(bool trust_tenant = false) {
    auto started = Server::Start({{"unix:" + path(), "127.0.0.1:0"}, trust_tenant, "1.2.3"}, core());
    ASSERT_TRUE(started.ok()) << started.status();
    server_ = *std::move(started);
    server_->SetServing(true);
    channel_ = grpc::CreateChannel("unix:" + path(), grpc::InsecureChannelCredentials());
  }

  static std::string path() {
    return (std::filesystem::temp_directory_path() / ("colonnade_rpc_" + std::to_string(::getpid()))).string();
  }

  // For one call, which fails the test rather than hang.
  static std::unique_ptr<grpc::ClientContext> Context() {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    return context;
  }

  serving::FakeCatalog catalog_;
  serving::ModelManager manager_{catalog_, [](const serving::CatalogEntry& entry) {
    return serving::SharedModel(std::make_shared<serving::FakeModel>(entry.name, entry.version));
  }, 4};
  NoMetrics metrics_;
  serving::InferenceEngine engine_{manager_, metrics_, 4};
  FakeModels models_;
  FakeDatasets datasets_;
  FakeJobs jobs_;
  FakeArtifacts artifacts_;
  FakeSystem system_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace colonnade::rpc
