#include "course/progress.h"

#include <fmt/format.h>

#include <filesystem>

#include "course/grader.h"
#include "nn/file.h"
#include "nn/strict_json.h"
#include "tensor/error.h"

namespace pupil::course {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;

struct Progress::Data {
  Json json;
};

namespace {

bool usable(const Json& json) {
  return json.is_object() && json.value("version", 0) == kVersion && json.contains("exercises") &&
         json["exercises"].is_object();
}

Json read_state(const std::string& path) {
  for (const std::string& candidate : {path, path + ".bak"}) {
    if (!file_exists(candidate)) continue;
    try {
      Json json = read_json_file<Json>(candidate);
      if (usable(json)) return json;
    } catch (const InputError&) {  // the other one
    }
  }
  return {{"version", kVersion}, {"current", ""}, {"exercises", Json::object()}};
}

// The entry of an exercise, under its id or an earlier one.
const Json* entry_of(const Json& json, const Exercise& exercise) {
  const Json& all = json["exercises"];
  if (all.contains(exercise.id)) return &all[exercise.id];
  for (const std::string& id : exercise.aliases) {
    if (all.contains(id)) return &all[id];
  }
  return nullptr;
}

}  // namespace

Progress::Progress(const WorkFolder& folder)
    : data_(std::make_unique<Data>()), path_(folder.state_folder() + "/progress.json") {
  data_->json = read_state(path_);
}
Progress::~Progress() = default;
Progress::Progress(Progress&&) noexcept = default;

ExerciseProgress Progress::of(const Exercise& exercise) const {
  ExerciseProgress p;
  const Json* e = entry_of(data_->json, exercise);
  if (!e || !e->is_object()) return p;
  p.attempts = e->value("attempts", p.attempts);
  p.hints = e->value("hints", p.hints);
  p.best = e->value("best", p.best);
  p.last = e->value("last", p.last);
  p.first_time = e->value("first_time", "");
  p.last_time = e->value("last_time", "");
  p.passed_sha256 = e->value("passed_sha256", "");
  p.fingerprint = e->value("fingerprint", "");
  p.seen_sha256 = e->value("seen_sha256", "");
  return p;
}

std::string Progress::current() const { return data_->json.value("current", ""); }
void Progress::set_current(const std::string& id) { data_->json["current"] = id; }

void Progress::set(const Exercise& exercise, const ExerciseProgress& p) {
  // What a later version may have added to the entry stays.
  const Json* before = entry_of(data_->json, exercise);
  Json e = before ? *before : Json::object();
  e["attempts"] = p.attempts;
  e["hints"] = p.hints;
  e["best"] = p.best;
  e["last"] = p.last;
  e["first_time"] = p.first_time;
  e["last_time"] = p.last_time;
  e["passed_sha256"] = p.passed_sha256;
  e["fingerprint"] = p.fingerprint;
  e["seen_sha256"] = p.seen_sha256;
  data_->json["exercises"][exercise.id] = e;
}

void Progress::save() const {
  if (file_exists(path_)) {
    try {
      if (usable(read_json_file<Json>(path_))) write_file(path_ + ".bak", read_file(path_));
    } catch (const InputError&) {  // damaged: the .bak is the better one
    }
  }
  write_file(path_, data_->json.dump(1) + "\n");
}

std::string state_of(const ExerciseProgress& p, const std::string& file_sha256,
                     const std::string& fingerprint) {
  if (p.attempts == 0) return "new";
  if (p.passed_sha256.empty()) return "started";
  if (p.fingerprint != fingerprint) return "outdated";
  return p.passed_sha256 == file_sha256 ? "passing" : "changed";
}

void record_results(const WorkFolder& folder, const Exercise& exercise, const Results& results) {
  const StateLock lock(folder, "progress");
  Progress progress(folder);
  ExerciseProgress p = progress.of(exercise);
  if (p.first_time.empty()) p.first_time = results.started;
  p.last_time = results.started;
  if (p.seen_sha256 != results.source_sha256) ++p.attempts;
  p.seen_sha256 = results.source_sha256;
  p.last = results.points;
  p.best = std::max(p.best, results.points);
  if (results.status == Status::kPass) {
    p.passed_sha256 = results.source_sha256;
    p.fingerprint = results.fingerprint;
    folder.keep_passed(exercise);
  }
  progress.set(exercise, p);
  progress.set_current(exercise.id);
  progress.save();
}

}  // namespace pupil::course
