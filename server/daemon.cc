// SPDX-License-Identifier: Apache-2.0
#include "server/daemon.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "absl/time/clock.h"
#include "server/base/status.h"
#include "server/daemon_metrics.h"
#include "server/executors/shared_device.h"
#include "server/jobs/artifacts.h"
#include "server/jobs/converter.h"
#include "server/jobs/datasets.h"
#include "server/jobs/inspector.h"
#include "server/jobs/models.h"
#include "server/jobs/packing_jobs.h"
#include "server/jobs/schema.h"
#include "server/jobs/sweep_blobs.h"
#include "server/privacy/vault.h"
#include "server/rpc/server.h"
#include "server/serving/artifact_model.h"
#include "server/serving/inference_engine.h"
#include "server/state_folder.h"
#include "server/store/blobs.h"
#include "server/store/database.h"
#include "server/system_status.h"

namespace colonnade {
namespace {

// Published artifacts, as serving asks for them.
class PublishedCatalog final : public serving::Catalog {
 public:
  explicit PublishedCatalog(const jobs::Artifacts& artifacts) : artifacts_(artifacts) {}

  absl::StatusOr<std::vector<serving::CatalogEntry>> Versions(std::string_view tenant, std::string_view name) override {
    std::vector<serving::CatalogEntry> entries;
    for (const jobs::PublishedVersion& published : artifacts_.Versions(tenant, name)) {
      entries.push_back({std::string(name), published.version, published.path});
    }
    return entries;
  }

 private:
  const jobs::Artifacts& artifacts_;
};

// Loads artifacts and says what they are made of.
serving::Loader ReportingLoader(Metrics& metrics, const executors::Devices& devices) {
  return [&metrics, &devices](const serving::CatalogEntry& entry) {
    absl::StatusOr<serving::SharedModel> model = serving::LoadArtifact(entry, devices);
    if (!model.ok()) return model;
    const std::string version = std::to_string(entry.version);
    const Labels labels = {{"model", entry.name}, {"version", version}};
    metrics.Set("colonnade_model_packed_columns", labels, double((*model)->info().columns));
    metrics.Set("colonnade_model_packing_efficiency_ratio", labels, (*model)->info().packing_efficiency);
    return model;
  };
}

absl::StatusOr<executors::Devices> MakeDevices(const Config& config, Metrics& metrics) {
  executors::Devices devices;
  if (!config.board.empty()) {
    devices.rtl = std::make_shared<executors::SharedDevice>("rtl", executors::BoardOpener(config.board), metrics);
  }
  if (config.fpga.empty()) return devices;
  const absl::StatusOr<device::UioOptions> fpga = device::ParseDevice(config.fpga);
  if (!fpga.ok()) return InvalidField("--fpga", Message(fpga.status()));
  devices.fpga = std::make_shared<executors::SharedDevice>("fpga", executors::UioOpener(*fpga), metrics);
  return devices;
}

class RunningDaemon final : public Daemon {
 public:
  RunningDaemon(const Config& config, StateFolder folder)
      : config_(config),
        folder_(std::move(folder)),
        metrics_(COLONNADE_VERSION),
        inspector_(config.inspect),
        converter_(config.inspect) {}

  ~RunningDaemon() override { Stop(absl::ZeroDuration()); }

  absl::Status OpenState();
  absl::Status StartJobs();
  absl::Status Serve();

  std::vector<std::string> addresses() const override;
  void Stop(absl::Duration patience) override;

 private:
  jobs::JobWorld World(std::string work_folder);

  // In the order they are built: each may use those above it.
  const Config config_;
  const absl::Time started_ = absl::Now();
  StateFolder folder_;
  DaemonMetrics metrics_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::Blobs> blobs_;
  std::unique_ptr<privacy::Vault> vault_;
  jobs::ReferenceLock references_;
  jobs::Interrupts interrupts_;
  jobs::Inspector inspector_;
  jobs::Converter converter_;
  std::unique_ptr<jobs::JobLog> log_;
  std::unique_ptr<jobs::Models> models_;
  std::unique_ptr<jobs::Datasets> datasets_;
  std::unique_ptr<jobs::Artifacts> artifacts_;
  std::unique_ptr<jobs::PackingJobs> jobs_;
  std::unique_ptr<PublishedCatalog> catalog_;
  executors::Devices devices_;
  std::unique_ptr<serving::ModelManager> loaded_;
  std::unique_ptr<serving::InferenceEngine> inference_;
  std::unique_ptr<SystemStatus> system_;
  std::unique_ptr<rpc::Server> server_;
  std::string metrics_address_;
  bool stopped_ = false;
};

absl::Status RunningDaemon::OpenState() {
  COLONNADE_ASSIGN_OR_RETURN(
      database_, store::OpenSqlite(folder_.File("metadata.db"), {privacy::Vault::schema(), jobs::TablesOfJobs()}));
  COLONNADE_ASSIGN_OR_RETURN(const std::string blobs, folder_.Folder("blobs"));
  COLONNADE_ASSIGN_OR_RETURN(blobs_, store::Blobs::Open(blobs));
  privacy::VaultOptions options;
  COLONNADE_ASSIGN_OR_RETURN(options.folder, folder_.Folder("vault"));
  options.ceiling = config_.data_ceiling;
  options.erasure_bytes = jobs::ErasureBytes;
  COLONNADE_ASSIGN_OR_RETURN(vault_, privacy::Vault::Open(*database_, metrics_, options));
  // Last: the vault notices when the database is not the one of this folder.
  return jobs::SweepBlobs(*database_, *blobs_);
}

absl::Status RunningDaemon::StartJobs() {
  log_ = std::make_unique<jobs::JobLog>(*database_, metrics_, SystemClock());
  models_ = std::make_unique<jobs::Models>(*database_, *blobs_, inspector_, SystemClock());
  datasets_ = std::make_unique<jobs::Datasets>(*database_, *vault_, references_);
  COLONNADE_ASSIGN_OR_RETURN(artifacts_, jobs::Artifacts::Open(*database_, *blobs_, converter_, SystemClock()));
  COLONNADE_ASSIGN_OR_RETURN(const std::string work, folder_.Folder("work"));
  jobs_ = std::make_unique<jobs::PackingJobs>(World(work));
  return jobs_->Start(config_.jobs);
}

jobs::JobWorld RunningDaemon::World(std::string work_folder) {
  return {*database_,  *blobs_,  *vault_,     *datasets_,     *artifacts_,           *log_,
          interrupts_, metrics_, references_, config_.worker, std::move(work_folder)};
}

absl::Status RunningDaemon::Serve() {
  catalog_ = std::make_unique<PublishedCatalog>(*artifacts_);
  COLONNADE_ASSIGN_OR_RETURN(devices_, MakeDevices(config_, metrics_));
  loaded_ = std::make_unique<serving::ModelManager>(*catalog_, ReportingLoader(metrics_, devices_), config_.max_models);
  inference_ = std::make_unique<serving::InferenceEngine>(*loaded_, metrics_, config_.max_in_flight);
  system_ = std::make_unique<SystemStatus>(*database_, *artifacts_, *inference_, devices_, started_);
  if (!config_.metrics.empty()) {
    COLONNADE_ASSIGN_OR_RETURN(const int port, metrics_.Expose(config_.metrics));
    metrics_address_ = fmt::format("http://{}:{}/metrics", config_.metrics.substr(0, config_.metrics.rfind(':')), port);
  }
  rpc::ServerOptions options{{}, config_.insecure, COLONNADE_VERSION};
  for (const Endpoint& endpoint : config_.listen) options.addresses.push_back(endpoint.ToString());
  const rpc::Core core{*inference_, *models_, *datasets_, *jobs_, *artifacts_, *system_, metrics_};
  COLONNADE_ASSIGN_OR_RETURN(server_, rpc::Server::Start(options, core));
  server_->SetServing(true);
  return absl::OkStatus();
}

std::vector<std::string> RunningDaemon::addresses() const {
  std::vector<std::string> addresses = server_->addresses();
  if (!metrics_address_.empty()) addresses.push_back(metrics_address_);
  return addresses;
}

void RunningDaemon::Stop(absl::Duration patience) {
  if (std::exchange(stopped_, true)) return;
  const absl::Time deadline = absl::Now() + patience;
  if (server_) server_->SetServing(false);
  if (inference_) inference_->Close();
  if (jobs_) jobs_->Stop();
  if (inference_) inference_->Drain(deadline - absl::Now());
  if (server_) server_->Shutdown(std::max(deadline - absl::Now(), absl::ZeroDuration()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Start(const Config& config) {
  COLONNADE_ASSIGN_OR_RETURN(StateFolder folder, StateFolder::Open(config.state));
  auto daemon = std::make_unique<RunningDaemon>(config, std::move(folder));
  COLONNADE_RETURN_IF_ERROR(daemon->OpenState());
  COLONNADE_RETURN_IF_ERROR(daemon->StartJobs());
  COLONNADE_RETURN_IF_ERROR(daemon->Serve());
  spdlog::info("serving from {}", config.state);
  return absl::StatusOr<std::unique_ptr<Daemon>>(std::move(daemon));
}

}  // namespace colonnade
