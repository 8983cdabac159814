// SPDX-License-Identifier: Apache-2.0
#include "colonnade/client.h"

#include <gmock/gmock.h>

#include <fstream>
#include <thread>

#include "client/src/bytes.h"
#include "tests/support/fake_server.h"

namespace colonnade::client {
namespace {

using std::chrono::milliseconds;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

// A server, and a client with short delays.
class ClientTest : public testing::Test {
 protected:
  static ClientOptions Options(const std::string& server) {
    return {.server = server,
            .tenant = "acme",
            .token = "secret",
            .timeout = milliseconds(5000),
            .watch_patience = milliseconds(2000),
            .retry = {.attempts = 4, .first_delay = milliseconds(5), .longest_delay = milliseconds(20)}};
  }
  void Fail(int times, const Failure& failure) { server.state().failures.assign(size_t(times), failure); }
  std::string Read(const std::string& name) {
    std::ifstream file(server.folder() / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  FakeServer server;
  FakeState& state = server.state();
  std::unique_ptr<Client> client = *Client::Connect(Options(server.address()));
};

std::string Noise(size_t size) {
  std::string bytes(size, '\0');
  uint32_t value = 1;
  for (char& c : bytes) c = char((value = value * 1664525 + 1013904223) >> 24);
  return bytes;
}

v1::JobEvent Event(int64_t sequence, v1::JobState job_state = v1::JOB_STATE_RUNNING) {
  v1::JobEvent event;
  event.set_sequence(sequence);
  event.set_state(job_state);
  return event;
}

TEST_F(ClientTest, UploadsInChunksWithDigest) {
  const std::string bytes = Noise(1'300'000);
  std::vector<int64_t> done;
  const auto model = client->PushModel("net", bytes, [&](int64_t part, int64_t) { done.push_back(part); });
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(model->name, "net");
  EXPECT_EQ(state.uploaded, bytes);
  EXPECT_THAT(state.chunks, ElementsAre(512 * 1024, 512 * 1024, 1'300'000 - 1024 * 1024));
  EXPECT_THAT(done, ElementsAre(512 * 1024, 1024 * 1024, 1'300'000));
  EXPECT_EQ(state.model_header.size_bytes(), 1'300'000);
  EXPECT_EQ(state.model_header.sha256(), *Digest(MemoryBytes(bytes)));
}

TEST_F(ClientTest, SaysWhoCalls) {
  ASSERT_TRUE(client->GetModel("net").ok());
  EXPECT_EQ(state.metadata["colonnade-tenant"], "acme");
  EXPECT_EQ(state.metadata["authorization"], "Bearer secret");
}

TEST_F(ClientTest, RepeatsAnUploadUnderOneRequestId) {
  Fail(2, {.message = "restarting"});
  state.read_before_failing = 1;
  const std::string bytes = Noise(700'000);
  ASSERT_TRUE(client->PushModel("net", bytes).ok());
  EXPECT_EQ(state.uploaded, bytes);
  ASSERT_EQ(state.request_ids.size(), 3u);
  EXPECT_THAT(state.request_ids, Each(state.request_ids[0]));
  ASSERT_TRUE(client->PushModel("net", bytes).ok());
  EXPECT_NE(state.request_ids[3], state.request_ids[0]);
}

TEST_F(ClientTest, RepeatsForABusyServerOnly) {
  Fail(2, {.code = grpc::StatusCode::RESOURCE_EXHAUSTED, .reason = "OVERLOADED", .retry_milliseconds = 1});
  EXPECT_TRUE(client->GetModel("net").ok());
  EXPECT_EQ(state.calls, 3);
  Fail(2, {.code = grpc::StatusCode::RESOURCE_EXHAUSTED, .reason = "DATA_BUDGET_EXCEEDED", .quota = "source:s"});
  EXPECT_EQ(client->GetModel("net").status().details().quota, "source:s");
  EXPECT_EQ(state.calls, 4);
}

TEST_F(ClientTest, GivesUpAndNamesTheServer) {
  Fail(100, {.message = "down"});
  const Status status = client->GetModel("net").status();
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_EQ(status.message(), server.address() + ": down");
  EXPECT_EQ(state.calls, 4);
}

TEST_F(ClientTest, DeletesOnce) {
  Fail(1, {});
  EXPECT_EQ(client->DeleteModel("net").code(), Code::kUnavailable);
  EXPECT_EQ(state.calls, 1);
}

TEST_F(ClientTest, NobodyThereIsUnavailable) {
  const auto lonely = *Client::Connect(Options("unix:" + (server.folder() / "none").string()));
  EXPECT_EQ(lonely->GetStatus().status().code(), Code::kUnavailable);
}

TEST_F(ClientTest, FollowsARestartedServer) {
  ASSERT_TRUE(client->GetStatus().ok());
  server.Stop();
  std::thread restart([&] {
    std::this_thread::sleep_for(milliseconds(10));
    server.Start();
  });
  ClientOptions patient = Options(server.address());
  patient.retry.attempts = 200;
  EXPECT_TRUE((*Client::Connect(patient))->GetStatus().ok());
  restart.join();
}

TEST_F(ClientTest, WaitsForALateServerNoLongerThanTheCallMayTake) {
  server.Stop();
  const auto hasty = *Client::Connect({.server = server.tcp_address(), .timeout = milliseconds(250)});
  const auto begin = std::chrono::steady_clock::now();
  const Code code = hasty->GetStatus().status().code();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(600));
  // The last attempt is refused, or the time is over while it is still being made.
  EXPECT_TRUE(code == Code::kUnavailable || code == Code::kDeadlineExceeded) << int(code);
}

TEST_F(ClientTest, TheServerSaysWhichModelsItRefuses) {
  const auto reason = [&](const Failure& failure) {
    Fail(1, failure);
    return client->PushModel("net", Noise(3'000'000)).status().reason();
  };
  EXPECT_EQ(reason({.code = grpc::StatusCode::UNIMPLEMENTED, .reason = "MODEL_REFUSED"}), "MODEL_REFUSED");
  EXPECT_EQ(reason({.code = grpc::StatusCode::RESOURCE_EXHAUSTED, .message = "disk full"}), "");
  EXPECT_EQ(state.calls, 2);
}

TEST_F(ClientTest, InspectsANameOrBytes) {
  state.report.set_accepted(true);
  ASSERT_TRUE(client->InspectModel("net")->accepted);
  EXPECT_EQ(state.inspect_header.name(), "net");
  EXPECT_EQ(state.inspect_header.size_bytes(), 0);
  ASSERT_TRUE(client->InspectModelBytes("onnx").ok());
  EXPECT_EQ(state.inspect_header.name(), "");
  EXPECT_EQ(state.uploaded, "onnx");
}

TEST_F(ClientTest, ListsReadAllPages) {
  state.model_names = {"a", "b", "c"};
  const auto models = client->ListModels();
  ASSERT_TRUE(models.ok());
  ASSERT_EQ(models->size(), 3u);
  EXPECT_EQ((*models)[2].name, "c");
}

TEST_F(ClientTest, DatasetsSayWhatTheyAre) {
  const Records records{.channels = 1,
                        .height = 2,
                        .width = 2,
                        .classes = 10,
                        .labels = {7, 8},
                        .pixels = {1, 2, 3, 4, 5, 6, 7, 8},
                        .class_names = {},
                        .files = {}};
  DatasetOptions options{.name = "d",
                         .role = Role::kEvaluation,
                         .source = "s",
                         .source_samples = 60000,
                         .normalization = {{0.5}, {0.25}},
                         .retain = std::chrono::hours(2),
                         .keep_after_jobs = true};
  ASSERT_TRUE(client->PushDataset(records, options).ok());
  const auto& header = state.dataset_header;
  EXPECT_EQ(header.role(), v1::DATA_ROLE_EVALUATION);
  EXPECT_EQ(header.source_samples(), 60000);
  EXPECT_EQ(header.shape().height(), 2);
  EXPECT_EQ(header.classes(), 10);
  EXPECT_EQ(header.records(), 2);
  EXPECT_EQ(header.retain().seconds(), 7200);
  EXPECT_TRUE(header.keep_after_jobs());
  EXPECT_EQ(state.uploaded, std::string("\7\0\0\0\1\2\3\4\10\0\0\0\5\6\7\10", 16));
}

TEST_F(ClientTest, RecordsMustFitTheirShape) {
  const Records records{.channels = 1,
                        .height = 2,
                        .width = 2,
                        .classes = 2,
                        .labels = {1, 1},
                        .pixels = {1, 2, 3, 4},
                        .class_names = {},
                        .files = {}};
  EXPECT_EQ(client->PushDataset(records, {.name = "d"}).status().field(), "records");
  EXPECT_EQ(state.calls, 0);
}

TEST_F(ClientTest, WatchGoesOnWhereItWasCutOff) {
  state.events = {Event(1), Event(2), Event(3), Event(4, v1::JOB_STATE_SUCCEEDED)};
  state.events_per_connection = {2, 0, 1};
  std::vector<int64_t> seen;
  const Status status = client->WatchJob("job-1", 1, [&](const JobEvent& event) {
    seen.push_back(event.sequence);
    return true;
  });
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_THAT(seen, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(state.watched_from, ElementsAre(1, 3, 3, 4));
}

TEST_F(ClientTest, WatchHasPatienceAfterLongSilence) {
  ClientOptions options = Options(server.address());
  options.watch_patience = milliseconds(100);
  state.silence = milliseconds(150);
  state.events = {Event(1), Event(2), Event(3), Event(4, v1::JOB_STATE_SUCCEEDED)};
  state.events_per_connection = {2, 0, 1};
  const Status status = (*Client::Connect(options))->WatchJob("job-1", 1, [](const JobEvent&) { return true; });
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_THAT(state.watched_from, ElementsAre(1, 3, 3, 4));
}

TEST_F(ClientTest, WatchLosesPatienceWithAServerThatIsGone) {
  ClientOptions options = Options(server.address());
  options.watch_patience = milliseconds(100);
  state.events = {Event(1), Event(2)};
  state.events_per_connection.assign(1000, 0);
  state.events_per_connection[0] = 1;
  const auto begin = std::chrono::steady_clock::now();
  const auto impatient = *Client::Connect(options);
  EXPECT_EQ(impatient->WatchJob("job-1", 1, [](const JobEvent&) { return true; }).code(), Code::kUnavailable);
  EXPECT_GT(std::chrono::steady_clock::now() - begin, milliseconds(70));
  EXPECT_GT(state.calls, 4);
}

TEST_F(ClientTest, WatchEndsWhenToldTo) {
  state.events = {Event(1), Event(2), Event(3)};
  int seen = 0;
  EXPECT_TRUE(client->WatchJob("job-1", 1, [&](const JobEvent&) { return ++seen < 2; }).ok());
  EXPECT_EQ(seen, 2);
}

TEST_F(ClientTest, WatchOfAnUnknownJobFailsAtOnce) {
  Fail(1, {.code = grpc::StatusCode::NOT_FOUND, .resource_type = "job"});
  const Status status = client->WatchJob("job-2", 1, [](const JobEvent&) { return true; });
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_EQ(state.calls, 1);
}

TEST_F(ClientTest, WatchThatNeverBeganGivesUpAsOtherCalls) {
  state.events_per_connection.assign(100, 0);
  EXPECT_EQ(client->WatchJob("job-1", 1, [](const JobEvent&) { return true; }).code(), Code::kUnavailable);
  EXPECT_EQ(state.calls, 4);
}

TEST_F(ClientTest, JobsCarryTheirRecipe) {
  state.job.set_name("job-1");
  Recipe recipe;
  recipe.SetAlpha(4);
  const auto job = client->SubmitJob({.model = "m", .dataset = "d", .artifact = "a", .recipe = recipe});
  ASSERT_TRUE(job.ok());
  EXPECT_EQ(job->name, "job-1");
  EXPECT_EQ(state.submitted.recipe().packing().alpha(), 4);
  EXPECT_FALSE(state.submitted.recipe().packing().has_gamma());
}

TEST_F(ClientTest, PullWritesWhatWasAnnounced) {
  state.artifact_bytes = Noise(100'001);
  state.artifact_sha256 = *Digest(MemoryBytes(state.artifact_bytes));
  Fail(1, {});
  const auto pulled = client->PullArtifact("a", 0, ArtifactFormat::kNative, server.folder() / "out");
  ASSERT_TRUE(pulled.ok()) << pulled.status().message();
  EXPECT_EQ(pulled->version, 3);
  EXPECT_EQ(Read("out"), state.artifact_bytes);
}

TEST_F(ClientTest, PullKeepsNothingThatIsDamaged) {
  state.artifact_bytes = Noise(1000);
  state.artifact_sha256 = std::string(64, '0');
  std::ofstream(server.folder() / "out") << "before";
  const auto pulled = client->PullArtifact("a", 0, ArtifactFormat::kNative, server.folder() / "out");
  EXPECT_EQ(pulled.status().code(), Code::kDataLoss);
  EXPECT_EQ(Read("out"), "before");
  const auto entries = std::filesystem::directory_iterator(server.folder());
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 2);  // the socket and `out`
}

TEST_F(ClientTest, InferSendsRawValuesAndReadsLogits) {
  state.logits = {1, 2, 3};
  const InferRequest request{.artifact = "a",
                             .version = 3,
                             .executor = "reference",
                             .input_name = "x",
                             .shape = {1, 1, 2},
                             .images = 2,
                             .values = {1, 2, 3, 4}};
  const auto result = client->Infer(request);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_THAT(result->logits, ElementsAre(1, 2, 3, 1, 2, 3));
  EXPECT_EQ(result->classes, 3);
  EXPECT_EQ(result->array_cycles, 200);
  EXPECT_EQ(result->executor, "kernels");
  EXPECT_EQ(result->version, 3);
  const auto& sent = state.inferences.at(0);
  EXPECT_EQ(sent.model_version(), "3");
  EXPECT_EQ(sent.parameters().at("executor").string_param(), "reference");
  EXPECT_EQ(sent.inputs(0).datatype(), "FP32");
  EXPECT_THAT(sent.inputs(0).shape(), ElementsAre(2, 1, 1, 2));
  EXPECT_EQ(sent.raw_input_contents(0).size(), 16u);
}

TEST_F(ClientTest, InferSendsPixelsAsTheyAre) {
  state.logits = {1};
  const InferRequest request{.artifact = "a", .shape = {1, 1, 2}, .images = 1, .pixels = {7, 9}};
  ASSERT_TRUE(client->Infer(request).ok());
  EXPECT_EQ(state.inferences.at(0).inputs(0).datatype(), "UINT8");
  EXPECT_EQ(state.inferences.at(0).raw_input_contents(0), "\7\11");
}

TEST_F(ClientTest, InferChecksTheNumberOfValues) {
  const InferRequest request{.artifact = "a", .shape = {1, 1, 2}, .images = 2, .values = {1, 2, 3}};
  EXPECT_EQ(client->Infer(request).status().field(), "values");
  EXPECT_EQ(state.calls, 0);
}

TEST(Normalize, IsPerChannel) {
  const std::vector<uint8_t> pixels = {0, 255, 255, 0};
  EXPECT_THAT(Normalize(pixels, {2, 1, 2}, {{0.5, 0}, {0.5, 2}}), ElementsAre(-1, 1, 0.5, 0));
  EXPECT_THAT(Normalize(pixels, {2, 1, 2}, {{0}, {1}}), ElementsAre(0, 1, 1, 0));
}

TEST(Connect, RefusesOptionsThatCannotWork) {
  const auto field = [](const ClientOptions& options) { return Client::Connect(options).status().field(); };
  for (const char* server : {"", "host", "host:", "host:0", "host:70000", "http://host:1", ":1", "unix:", "a:b:1"}) {
    EXPECT_EQ(field({.server = server}), "server") << server;
  }
  EXPECT_EQ(field({.tenant = "a\nb"}), "tenant");
  EXPECT_EQ(field({.token = "a b"}), "token");
  EXPECT_EQ(field({.timeout = milliseconds(0)}), "timeout");
  for (const char* server : {"host:1", "127.0.0.1:8500", "[::1]:8500", "unix:/run/x", "unix:x"}) {
    EXPECT_TRUE(Client::Connect({.server = server}).ok()) << server;
  }
}

}  // namespace
}  // namespace colonnade::client
