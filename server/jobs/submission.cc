// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/submission.h"

#include <fmt/format.h>

#include "server/array/array_config.h"
#include "server/base/names.h"
#include "server/base/status.h"
#include "server/jobs/image_messages.h"
#include "server/jobs/models.h"
#include "server/jobs/rows.h"
#include "server/recipe/recipe.h"
#include "server/recipe/supported.h"

namespace colonnade::jobs {
namespace {

constexpr int kMaxPriority = 100;

absl::StatusOr<array::ArrayConfig> ParseArray(const std::string& name) {
  if (name.empty()) return array::ArrayConfig{};
  auto config = array::ParseArrayConfig(name);
  if (config.ok()) return config;
  return InvalidField("array", Message(config.status()));
}

absl::Status CheckShape(std::string_view field, const privacy::DatasetInfo& data, const v1::ModelReport& model) {
  const nn::Shape shape = FromMessage(model.input_shape());
  if (data.spec.shape == shape) return absl::OkStatus();
  return InvalidField(field, fmt::format("'{}' holds images of {}; the model takes {}", data.spec.name,
                                         nn::ToString(data.spec.shape), nn::ToString(shape)));
}

absl::Status CheckClasses(std::string_view field, const privacy::DatasetInfo& data, const v1::ModelReport& model) {
  if (data.spec.classes <= model.classes()) return absl::OkStatus();
  return InvalidField(field, fmt::format("'{}' has {} classes; the model tells {} apart", data.spec.name,
                                         data.spec.classes, model.classes()));
}

absl::StatusOr<privacy::DatasetInfo> CheckDataset(privacy::Vault& vault, const v1::Job& job, std::string_view field,
                                                  const std::string& name, privacy::Role role,
                                                  const v1::ModelReport& model) {
  COLONNADE_ASSIGN_OR_RETURN(auto data, vault.Get(job.tenant(), name));
  if (data.erased()) {
    return absl::FailedPreconditionError(
        fmt::format("{}: the records of '{}' are erased; upload them again (it costs no budget)", field, name));
  }
  if (data.spec.role != role) {
    return InvalidField(field,
                        fmt::format("'{}' was uploaded for {}", name,
                                    role == privacy::Role::kTrain ? "evaluation only" : "training, not evaluation"));
  }
  COLONNADE_RETURN_IF_ERROR(CheckShape(field, data, model));
  COLONNADE_RETURN_IF_ERROR(CheckClasses(field, data, model));
  return data;
}

bool IsDataFree(const v1::Recipe& recipe) { return recipe.training().mode() == v1::TrainingSettings::DATA_FREE; }

// Data that nobody reads are not to be handed over, nor erased when the job ends.
absl::Status CheckData(const v1::SubmitJobRequest& request, const v1::Recipe& recipe) {
  if (!IsDataFree(recipe)) return CheckName("dataset", request.dataset());
  if (!request.dataset().empty()) {
    return InvalidField("dataset", "recipe.training.mode DATA_FREE reads no training data; leave it empty");
  }
  if (!request.evaluation().empty()) return absl::OkStatus();
  return InvalidField("evaluation", "needed: recipe.training.mode DATA_FREE leaves no images to measure accuracy on");
}

}  // namespace

absl::StatusOr<v1::Job> CheckRequest(const std::string& tenant, const v1::SubmitJobRequest& request) {
  COLONNADE_RETURN_IF_ERROR(CheckName("model", request.model()));
  if (!request.evaluation().empty()) COLONNADE_RETURN_IF_ERROR(CheckName("evaluation", request.evaluation()));
  COLONNADE_RETURN_IF_ERROR(CheckName("artifact", request.artifact()));
  if (std::abs(request.priority()) > kMaxPriority) {
    return InvalidField("priority",
                        fmt::format("{} is not within -{} to {}", request.priority(), kMaxPriority, kMaxPriority));
  }
  COLONNADE_ASSIGN_OR_RETURN(const array::ArrayConfig array, ParseArray(request.array()));
  v1::Job job;
  COLONNADE_ASSIGN_OR_RETURN(*job.mutable_recipe(), recipe::Resolve(request.recipe(), array.alpha));
  COLONNADE_RETURN_IF_ERROR(recipe::CheckSupported(job.recipe()));
  COLONNADE_RETURN_IF_ERROR(CheckData(request, job.recipe()));
  job.set_tenant(tenant);
  job.set_model(request.model());
  job.set_dataset(request.dataset());
  job.set_evaluation(request.evaluation());
  job.set_artifact(request.artifact());
  job.set_array(array::Name(array));
  job.set_priority(request.priority());
  return job;
}

absl::Status CheckInputs(store::Database& database, privacy::Vault& vault, const v1::Job& job) {
  COLONNADE_ASSIGN_OR_RETURN(const v1::Model model, ReadRows<v1::Model>(database, [&](store::Connection& rows) {
                               return Models::Find(rows, job.tenant(), job.model());
                             }));
  if (!job.dataset().empty()) {
    COLONNADE_ASSIGN_OR_RETURN(
        const auto train, CheckDataset(vault, job, "dataset", job.dataset(), privacy::Role::kTrain, model.report()));
    if (job.evaluation().empty() && !train.labelled) {
      return InvalidField("evaluation", "needed: without labels in the training data no accuracy can be measured");
    }
  }
  if (job.evaluation().empty()) return absl::OkStatus();
  COLONNADE_ASSIGN_OR_RETURN(const auto evaluation, CheckDataset(vault, job, "evaluation", job.evaluation(),
                                                                 privacy::Role::kEvaluation, model.report()));
  if (evaluation.labelled) return absl::OkStatus();
  return InvalidField("evaluation", fmt::format("the records of '{}' have no labels", job.evaluation()));
}

}  // namespace colonnade::jobs
