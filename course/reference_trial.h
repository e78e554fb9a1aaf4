// A check run on the reference alone: is its gradient the derivative of its forward, and would the
// check notice a wrong one? Used by `staff validate`.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "course/check_library.h"

namespace pupil::course {

class ReferenceTrial : public kit::Trial {
 public:
  ReferenceTrial(std::uint64_t seed, const CheckLibrary& library)
      : Trial(seed), library_(library) {}

  bool same(const kit::Call& call, double tolerance) override;
  bool gradient(const kit::Call& forward, const kit::Call& backward, double tolerance) override;
  kit::Call outputs(const kit::Call& call) override;
  bool expect(bool holds, const std::string& law) override;
  void describe(const std::string&) override {}
  void constant(const std::string&, double) override {}

  /// What is wrong with the check or the reference; empty when nothing.
  const std::vector<std::string>& faults() const { return faults_; }
  int comparisons() const { return comparisons_; }
  int gradients() const { return gradients_; }  ///< proven by central differences
  /// What a person may want to change: sizes that are not distinct primes.
  const std::set<std::string>& warnings() const { return warnings_; }

 private:
  void look_at_sizes(const kit::Call& call);
  void look_at_upstream(const kit::Call& forward, const kit::Call& backward);
  void look_at_gradient(const kit::Call& numeric);

  const CheckLibrary& library_;
  std::vector<std::string> faults_;
  std::set<std::string> warnings_;
  int comparisons_ = 0, gradients_ = 0;
};

}  // namespace pupil::course
