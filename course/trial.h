// One run of one check against one student's object: calls go to the worker, what is due comes from
// the reference, and the first thing that goes wrong is kept for the verdict.
#pragma once
#include <optional>
#include <string>

#include "course/diagnosis.h"
#include "course/results.h"
#include "course/worker_process.h"

namespace pupil::course {

class StudentTrial : public kit::Trial {
 public:
  StudentTrial(std::uint64_t seed, WorkerProcess& worker, const CheckLibrary& library)
      : Trial(seed), worker_(worker), library_(library) {}

  bool same(const kit::Call& call, double tolerance) override;
  bool gradient(const kit::Call& forward, const kit::Call& backward, double tolerance) override;
  kit::Call outputs(const kit::Call& call) override;
  bool expect(bool holds, const std::string& law) override;
  void describe(const std::string& text) override { described_ = text; }
  void constant(const std::string& name, double value) override {
    constants_.emplace_back(name, value);
  }

  /// Writes the verdict: status, the worst element, diagnosis, text. A check that compared nothing
  /// is an error.
  void report(CheckResult& result) const;
  /// The wrong output, whole, when one was compared and is small enough to be looked at.
  std::optional<Evidence> evidence(const std::string& check) const;

 private:
  bool run(kit::Call& call);
  bool compare_with_reference(const kit::Call& call, double tolerance);
  std::string which_half(const kit::Call& forward, const kit::Call& backward);
  bool ignores_upstream(const kit::Call& forward, const kit::Call& backward);

  WorkerProcess& worker_;
  const CheckLibrary& library_;
  NamedNumbers constants_;
  std::string described_, text_;
  Outcome outcome_ = Outcome::kGood;
  bool failed_ = false;
  int comparisons_ = 0;
  double tolerance_ = 0;
  std::optional<Failure> failure_;
  Comparison comparison_;
  std::vector<Diagnosis> diagnosis_;
};

}  // namespace pupil::course
