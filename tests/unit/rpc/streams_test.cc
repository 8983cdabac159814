// SPDX-License-Identifier: Apache-2.0
// Uploads, downloads and watching, as a client meets them.
#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <future>
#include <thread>

#include "colonnade/v1/artifacts.grpc.pb.h"
#include "colonnade/v1/datasets.grpc.pb.h"
#include "colonnade/v1/models.grpc.pb.h"
#include "colonnade/v1/packing.grpc.pb.h"
#include "server/rpc/upload.h"
#include "tests/unit/rpc/server_fixture.h"

namespace colonnade::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class StreamsTest : public ServerFixture {
 protected:
  void SetUp() override { Start(); }

  // Sends the parts to PushModel as they are.
  grpc::Status PushModel(const std::vector<v1::PushModelRequest>& parts) {
    const auto stub = v1::Models::NewStub(channel_);
    const auto context = Context();
    v1::Model response;
    const auto stream = stub->PushModel(context.get(), &response);
    for (const auto& part : parts) {
      if (!stream->Write(part)) break;
    }
    stream->WritesDone();
    return stream->Finish();
  }

  static v1::PushModelRequest ModelHeader(const std::string& name, int64_t bytes) {
    v1::PushModelRequest part;
    part.mutable_header()->set_name(name);
    part.mutable_header()->set_size_bytes(bytes);
    return part;
  }

  static v1::PushModelRequest ModelChunk(int64_t offset, const std::string& data) {
    v1::PushModelRequest part;
    part.mutable_chunk()->set_offset(offset);
    part.mutable_chunk()->set_data(data);
    return part;
  }

  // Sends only the header.
  grpc::Status Inspect(const std::string& name, int64_t bytes) {
    const auto context = Context();
    const auto stub = v1::Models::NewStub(channel_);
    v1::ModelReport report;
    const auto stream = stub->InspectModel(context.get(), &report);
    v1::InspectModelRequest part;
    part.mutable_header()->set_name(name);
    part.mutable_header()->set_size_bytes(bytes);
    stream->Write(part);
    stream->WritesDone();
    return stream->Finish();
  }

  static v1::PushDatasetRequest::Header DatasetHeader() {
    v1::PushDatasetRequest::Header header;
    header.set_name("c10");
    header.set_source("cifar-10");
    header.set_source_samples(50000);
    header.set_role(v1::DATA_ROLE_TRAIN);
    header.mutable_shape()->set_channels(3);
    header.mutable_shape()->set_height(2);
    header.mutable_shape()->set_width(2);
    header.mutable_normalization()->add_mean(0.5);
    header.mutable_normalization()->add_deviation(0.25);
    header.set_classes(10);
    header.set_records(2);
    return header;
  }

  grpc::Status PushDataset(const v1::PushDatasetRequest::Header& header, const std::string& bytes) {
    const auto stub = v1::Datasets::NewStub(channel_);
    const auto context = Context();
    v1::Dataset response;
    const auto stream = stub->PushDataset(context.get(), &response);
    v1::PushDatasetRequest part;
    *part.mutable_header() = header;
    stream->Write(part);
    part.mutable_chunk()->set_data(bytes);
    stream->Write(part);
    stream->WritesDone();
    return stream->Finish();
  }

  // Sequence numbers of the events received, and how the watch ended.
  grpc::Status Watch(const std::string& job, int64_t from, std::vector<int64_t>& seen) {
    const auto stub = v1::Packing::NewStub(channel_);
    const auto context = Context();
    v1::WatchJobRequest request;
    request.set_name(job);
    request.set_from_sequence(from);
    const auto stream = stub->WatchJob(context.get(), request);
    for (v1::JobEvent event; stream->Read(&event);) seen.push_back(event.sequence());
    return stream->Finish();
  }
};

TEST_F(StreamsTest, UploadsArriveWhole) {
  ASSERT_TRUE(PushModel({ModelHeader("m", 6), ModelChunk(0, "abc"), ModelChunk(3, "def")}).ok());
  EXPECT_EQ(models_.received, "abcdef");
}

TEST_F(StreamsTest, UploadsOutOfOrderAreRefused) {
  struct {
    std::vector<v1::PushModelRequest> parts;
    const char* message;
  } const cases[] = {
      {{}, "header: must be the first message"},
      {{ModelChunk(0, "abc")}, "header: must be the first message"},
      {{ModelHeader("m", 3), ModelHeader("m", 3)}, "chunk: only chunks may follow"},
      {{ModelHeader("m", 3), ModelChunk(1, "abc")}, "chunk.offset: 1 received, expected 0"},
      {{ModelHeader("m", 3), ModelChunk(0, "abcd")}, "more than the 3 bytes announced"},
      {{ModelHeader("m", 3), ModelChunk(0, "ab")}, "ended after 2 of 3 bytes"},
      {{ModelHeader("m", 2 << 20), ModelChunk(0, std::string(kMaxChunkBytes + 1, 'x'))}, "a chunk has 1 to 1048576"},
      {{ModelHeader("", 3)}, "header.name"},
      {{ModelHeader("m", 0)}, "header.size_bytes: 0; a model file has 1 to 1073741824 bytes"},
      {{ModelHeader("m", (int64_t{1} << 30) + 1)}, "header.size_bytes"},
  };
  for (const auto& wrong : cases) {
    const grpc::Status status = PushModel(wrong.parts);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << wrong.message;
    EXPECT_THAT(status.error_message(), HasSubstr(wrong.message));
  }
  EXPECT_EQ(models_.received, "");
}

TEST_F(StreamsTest, InspectionTakesANameOrBytesButNotBoth) {
  EXPECT_TRUE(Inspect("m", 0).ok());
  EXPECT_EQ(Inspect("m", 5).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Inspect("", 0).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(StreamsTest, DatasetsHaveTheSizeTheirHeaderImplies) {
  EXPECT_TRUE(PushDataset(DatasetHeader(), std::string(2 * (4 + 12), 'r')).ok());
  EXPECT_EQ(datasets_.bytes, 32);
  EXPECT_THAT(PushDataset(DatasetHeader(), std::string(31, 'r')).error_message(), HasSubstr("31 of 32 bytes"));
}

TEST_F(StreamsTest, DatasetHeadersOutOfRangeAreRefused) {
  using Header = v1::PushDatasetRequest::Header;
  struct {
    const char* field;
    std::function<void(Header&)> spoil;
  } const cases[] = {
      {"header.name", [](Header& h) { h.set_name("No"); }},
      {"header.source", [](Header& h) { h.clear_source(); }},
      {"header.source_samples", [](Header& h) { h.set_source_samples(0); }},
      {"header.role", [](Header& h) { h.clear_role(); }},
      {"header.shape.channels", [](Header& h) { h.mutable_shape()->set_channels(0); }},
      {"header.shape.height", [](Header& h) { h.mutable_shape()->set_height(65537); }},
      {"header.shape", [](Header& h) { h.mutable_shape()->set_height(65536), h.mutable_shape()->set_width(65536); }},
      {"header.normalization.mean", [](Header& h) { h.mutable_normalization()->add_mean(0.5); }},
      {"header.normalization.mean", [](Header& h) { h.mutable_normalization()->set_mean(0, NAN); }},
      {"header.normalization.deviation", [](Header& h) { h.mutable_normalization()->set_deviation(0, 0); }},
      {"header.classes", [](Header& h) { h.set_classes(65537); }},
      {"header.records", [](Header& h) { h.set_records(0); }},
      {"header.records", [](Header& h) { h.set_records(100'000'001); }},
      {"header.retain", [](Header& h) { h.mutable_retain()->set_seconds(59); }},
      {"header.keep_after_jobs", [](Header& h) { h.set_keep_after_jobs(true); }},
  };
  for (const auto& wrong : cases) {
    auto header = DatasetHeader();
    wrong.spoil(header);
    const grpc::Status status = PushDataset(header, std::string(32, 'r'));
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << wrong.field;
    EXPECT_THAT(status.error_message(), ::testing::StartsWith(std::string(wrong.field) + ": "));
  }
  EXPECT_EQ(datasets_.bytes, 0);
}

TEST_F(StreamsTest, AnUploadMayBeRefusedBeforeItIsRead) {
  datasets_.over_budget = true;
  EXPECT_EQ(PushDataset(DatasetHeader(), std::string(32, 'r')).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(StreamsTest, IdleUploadsKeepOthersFromUploadingOnly) {
  const auto stub = v1::Models::NewStub(channel_);
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientWriter<v1::PushModelRequest>>> idle;
  std::vector<v1::Model> responses(Server::kMaxUploads);
  for (v1::Model& response : responses) {
    contexts.push_back(Context());
    idle.push_back(stub->PushModel(contexts.back().get(), &response));
    idle.back()->Write(ModelHeader("m", 3));
  }
  while (models_.pushes < Server::kMaxUploads) std::this_thread::yield();

  const grpc::Status refused = PushModel({ModelHeader("m", 3), ModelChunk(0, "abc")});
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.error_message(), "128 uploads are running, the most allowed");
  EXPECT_EQ(PushDataset(DatasetHeader(), std::string(32, 'r')).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Inspect("m", 0).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  v1::Model response;
  EXPECT_EQ(stub->GetModel(Context().get(), {}, &response).error_code(), grpc::StatusCode::NOT_FOUND);

  for (const auto& context : contexts) context->TryCancel();
  for (const auto& upload : idle) EXPECT_EQ(upload->Finish().error_code(), grpc::StatusCode::CANCELLED);
  grpc::Status status;
  while ((status = Inspect("m", 0)).error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) std::this_thread::yield();
  EXPECT_TRUE(status.ok());
}

TEST_F(StreamsTest, WatchingReplaysFollowsAndEnds) {
  jobs_.Add(v1::JOB_STATE_QUEUED);
  jobs_.Add(v1::JOB_STATE_RUNNING);
  std::vector<int64_t> seen;
  auto watching = std::async(std::launch::async, [&] { return Watch("job-1", 0, seen); });
  jobs_.Add(v1::JOB_STATE_RUNNING);
  jobs_.Add(v1::JOB_STATE_SUCCEEDED);
  EXPECT_TRUE(watching.get().ok());
  EXPECT_THAT(seen, ElementsAre(1, 2, 3, 4));
}

TEST_F(StreamsTest, WatchingStartsWhereAskedAndEndsBehindTheEnd) {
  for (int i = 0; i < 3; ++i) jobs_.Add(v1::JOB_STATE_RUNNING);
  jobs_.Add(v1::JOB_STATE_FAILED);
  std::vector<int64_t> seen;
  EXPECT_TRUE(Watch("job-1", 3, seen).ok());
  EXPECT_THAT(seen, ElementsAre(3, 4));
  EXPECT_TRUE(Watch("job-1", 99, seen).ok());
  EXPECT_EQ(Watch("job-2", 1, seen).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(StreamsTest, ShutdownEndsWatching) {
  jobs_.Add(v1::JOB_STATE_RUNNING);
  std::vector<int64_t> seen;
  auto watching = std::async(std::launch::async, [&] { return Watch("job-1", 1, seen); });
  while (!jobs_.watched()) std::this_thread::yield();
  server_->Shutdown(absl::Seconds(10));
  EXPECT_EQ(watching.get().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(StreamsTest, ArtifactsComeInChunks) {
  artifacts_.path = path() + ".artifact";
  const std::string bytes(size_t(kMaxChunkBytes) * 2 + 5, 'a');
  std::ofstream(artifacts_.path) << bytes;
  const auto pull = [&](int64_t size) {
    artifacts_.size = size;
    const auto context = Context();
    const auto stream = v1::Artifacts::NewStub(channel_)->PullArtifact(context.get(), {});
    v1::PullArtifactResponse part;
    EXPECT_TRUE(stream->Read(&part) && part.header().size_bytes() == size);
    std::string received;
    while (stream->Read(&part)) {
      EXPECT_EQ(part.chunk().offset(), int64_t(received.size()));
      received += part.chunk().data();
    }
    return std::make_pair(stream->Finish(), received);
  };
  EXPECT_EQ(pull(int64_t(bytes.size())).second, bytes);
  EXPECT_EQ(pull(int64_t(bytes.size()) + 1).first.error_code(), grpc::StatusCode::DATA_LOSS);
  std::filesystem::remove(artifacts_.path);
}

}  // namespace
}  // namespace colonnade::rpc
