// A small GPT trained with a student's functions in the engine's place, beside the reference.
//
// For exercises whose functions are a loss and its gradient (`mine` in exercise.toml): each step
// runs the model forward, hands the logits to the functions, and walks back from the dlogits that
// they give. The student's run in the worker, the reference's in this process; model, data, order
// and optimizer are the same, so that equal functions give equal curves, bit for bit.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "course/course_tree.h"

namespace pupil::course {

struct MineOptions {
  std::int64_t steps = 60;
  std::uint64_t seed = 0;
  int level = 3;  ///< of the sandbox
};

struct MineCurves {
  std::vector<double> mine, reference;  ///< the loss of each step; mine ends where it broke
  std::string broke;                    ///< why, empty when it did not
};

/// `object`: the student's built file. Throws UsageError when the exercise has no `mine`.
MineCurves train_both(const Course& course, const Exercise& exercise, const std::string& object,
                      const MineOptions& options, const std::function<void(std::int64_t)>& on_step);

}  // namespace pupil::course
