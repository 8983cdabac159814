// SPDX-License-Identifier: Apache-2.0
// The order of a commit: ciphertext, key file, then one transaction. Whoever is cut off
// before the transaction leaves files that no row names; the next Vault::Open() deletes
// them. The key file comes late, so that what is cut off earlier was never readable.
#include "server/privacy/upload.h"

#include <fmt/format.h>

#include <utility>

#include "server/base/file_io.h"
#include "server/base/status.h"
#include "server/privacy/existing.h"
#include "server/privacy/ledger.h"
#include "server/privacy/record_reader.h"
#include "server/privacy/rows.h"
#include "server/sealed/sha256.h"
#include "server/sealed/stream.h"

namespace colonnade::privacy {
namespace {

// What an upload will be called on disk.
struct Files {
  std::string file = RandomId() + ".sealed";
  std::string key_id = RandomId();
};

class SealedUpload final : public Upload {
 public:
  SealedUpload(World& world, const DatasetSpec& spec, Files files, const sealed::Key& key,
               std::unique_ptr<sealed::Writer> writer)
      : world_(world),
        spec_(spec),
        files_(std::move(files)),
        key_(key),
        writer_(std::move(writer)),
        reader_(spec.shape, spec.classes, world.keys->FingerprintKey(spec.tenant)) {}

  ~SealedUpload() override { Discard(); }

  absl::Status Append(std::string_view bytes) override {
    COLONNADE_RETURN_IF_ERROR(failure_);
    failure_ = Take(bytes);
    if (!failure_.ok()) Discard();
    return failure_;
  }

  absl::StatusOr<DatasetInfo> Commit() override {
    COLONNADE_RETURN_IF_ERROR(failure_);
    auto info = Store();
    failure_ = info.ok() ? absl::FailedPreconditionError("dataset: the upload has been committed") : info.status();
    Discard();
    return info;
  }

 private:
  absl::Status Take(std::string_view bytes) {
    const int64_t announced = spec_.records * reader_.record_bytes();
    if (received_ + static_cast<int64_t>(bytes.size()) > announced) return WrongCount("more than that follow");
    received_ += static_cast<int64_t>(bytes.size());
    digest_.Append(bytes);
    COLONNADE_RETURN_IF_ERROR(reader_.Append(bytes));
    return writer_->Append(bytes);
  }

  absl::Status WrongCount(const std::string& found) const {
    return InvalidField("records", fmt::format("{} records of {} bytes were announced; {}", spec_.records,
                                               reader_.record_bytes(), found));
  }

  absl::Status CheckComplete() {
    if (!reader_.at_boundary()) return WrongCount(fmt::format("{} and a part came", reader_.records()));
    if (reader_.records() != spec_.records) return WrongCount(fmt::format("{} came", reader_.records()));
    const std::string sha256 = digest_.FinishHex();
    if (sha256 == spec_.sha256) return absl::OkStatus();
    return InvalidField("sha256", fmt::format("the bytes received have {}, not {}", sha256, spec_.sha256));
  }

  absl::StatusOr<DatasetInfo> Store() {
    COLONNADE_RETURN_IF_ERROR(CheckComplete());
    COLONNADE_ASSIGN_OR_RETURN(const sealed::SealedFile sealed, writer_->Finish());
    COLONNADE_RETURN_IF_ERROR(world_.keys->Store(spec_.tenant, files_.key_id, key_));
    const auto records = reader_.TakeDistinct();
    COLONNADE_ASSIGN_OR_RETURN(StoredDataset stored,
                               WriteRows<StoredDataset>(world_.database, [&](store::Connection& rows) {
                                 return Enter(rows, sealed, records);
                               }));
    kept_ = stored.file == files_.file;
    return std::move(stored.info);
  }

  // The transaction. Returns an equal data set that is there already, or the new one.
  absl::StatusOr<StoredDataset> Enter(store::Connection& rows, const sealed::SealedFile& sealed,
                                      const std::vector<RecordFingerprint>& records) {
    COLONNADE_ASSIGN_OR_RETURN(auto existing, FindExisting(rows, spec_));
    if (existing) return *std::move(existing);
    const absl::Time now = world_.options.clock();
    COLONNADE_ASSIGN_OR_RETURN(const Source source, RegisterSource(rows, spec_, world_.options.ceiling, now));
    COLONNADE_RETURN_IF_ERROR(Charge(rows, source, spec_.role, records));
    StoredDataset dataset;
    dataset.source = source.id;
    dataset.file = files_.file;
    dataset.key_id = files_.key_id;
    dataset.ciphertext_sha256 = sealed.ciphertext_sha256;
    dataset.info.spec = spec_;
    dataset.info.create_time = now;
    dataset.info.distinct_records = static_cast<int64_t>(records.size());
    dataset.info.labelled = reader_.labelled();
    dataset.info.size_bytes = received_;
    if (spec_.retain) dataset.info.erase_time = now + *spec_.retain;
    // Of that name there is at most an erased one.
    COLONNADE_RETURN_IF_ERROR(
        rows.Run("DELETE FROM datasets WHERE tenant = ? AND name = ?", {spec_.tenant, spec_.name}).status());
    COLONNADE_RETURN_IF_ERROR(InsertDataset(rows, dataset));
    return FindDataset(rows, spec_.tenant, spec_.name);
  }

  // Unless it was kept. What cannot be deleted now goes with the next Open().
  void Discard() {
    if (kept_) return;
    writer_.reset();
    world_.keys->Destroy(files_.key_id).IgnoreError();
    RemoveFile(world_.DataPath(files_.file)).IgnoreError();
  }

  World& world_;
  const DatasetSpec spec_;
  const Files files_;
  const sealed::Key key_;
  std::unique_ptr<sealed::Writer> writer_;
  RecordReader reader_;
  sealed::Sha256 digest_;
  int64_t received_ = 0;
  absl::Status failure_;
  bool kept_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Upload>> BeginUpload(World& world, const DatasetSpec& spec) {
  COLONNADE_RETURN_IF_ERROR(world.database.Read([&](store::Connection& rows) -> absl::Status {
    COLONNADE_RETURN_IF_ERROR(FindExisting(rows, spec).status());
    COLONNADE_ASSIGN_OR_RETURN(const auto source, FindSource(rows, spec.tenant, spec.source));
    return source ? CheckSamples(source->info, spec.source_samples) : absl::OkStatus();
  }));
  Files files;
  const sealed::Key key = sealed::Key::Generate();
  COLONNADE_ASSIGN_OR_RETURN(auto writer, sealed::Writer::Create(world.DataPath(files.file), key,
                                                                 DataContext(spec.tenant, spec.name, files.key_id)));
  return std::make_unique<SealedUpload>(world, spec, std::move(files), key, std::move(writer));
}

}  // namespace colonnade::privacy
