// Lesson: what a lesson's program reports with. It claims, shows, proves and plots; every sentence
// printed is followed by the number that makes it true.
//
//   int main(int argc, char** argv) {
//     return run_lesson(argc, argv, "04", "Softmax and cross-entropy", {}, [](Lesson& lesson) {
//       lesson.claim("The gradient is p - y.");
//       lesson.gradcheck("cross_entropy", inputs, loss);
//       lesson.gate("rows of p - y sum to", "sum_v dL/dz_v", sum, less_than(1e-12));
//       lesson.caveat("A gradient check sees no mistake made alike in both directions.");
//     });
//   }
//
// Options of every lesson program: --seed N, --set KEY=VALUE (the lesson's own settings), --report
// FILE (everything as JSON, for the book and `pupil lesson NN --report`). Exit status: 0 when every
// gate, zero and gradient holds, 1 otherwise, 2 wrong usage.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "autograd/sample.h"

namespace pupil {

/// A bound with its words.
struct Gate {
  std::string text;  ///< "> 0.25"
  bool (*holds)(double value, double low, double high);
  double low = 0, high = 0;
};
Gate greater_than(double bound);
Gate less_than(double bound);
Gate between(double low, double high);

/// A curve of a plot: y over x = 1, 2, 3, ...
struct Curve {
  std::string name;
  std::vector<double> y;
};

/// Where a number comes from: this run, or a model out of the cache and measured now.
enum class Origin { kNow, kCached };

class Lesson {
 public:
  using Settings = std::vector<std::pair<std::string, std::string>>;
  Lesson(std::string id, std::string title, Settings settings, std::uint64_t seed);
  ~Lesson();
  Lesson(const Lesson&) = delete;
  Lesson& operator=(const Lesson&) = delete;

  std::uint64_t seed() const { return seed_; }
  /// A setting that --set changes; throws UsageError when the lesson does not declare it.
  const std::string& setting(const std::string& name) const;

  /// A sentence that the numbers below it prove.
  void claim(const std::string& sentence);
  /// A line of explanation, a sample of text.
  void say(const std::string& text);
  /// A number, with the symbol of the notation page where it has one.
  void show(const std::string& what, const std::string& symbol, double value);
  void show(const std::string& what, double value) { show(what, "", value); }
  /// Every number must be exactly zero.
  void expect_zero(const std::string& what, std::span<const double> values);
  /// The gradient of `function` at `inputs` (f64) against central differences, worst error shown.
  void gradcheck(const std::string& name, std::vector<Tensor> inputs, OpFunction function);
  /// A number that must keep a bound.
  void gate(const std::string& what, const std::string& symbol, double value, const Gate& gate);
  void gate(const std::string& what, double value, const Gate& g) { gate(what, "", value, g); }
  void plot(const std::string& title, const std::string& x, const std::string& y,
            const std::vector<Curve>& curves);
  /// A picture in numbers: rows with names, columns with names.
  void table(const std::string& title, const std::vector<std::string>& columns,
             const std::vector<std::pair<std::string, std::vector<double>>>& rows);
  /// What a model wrote behind a prompt; `evidence` gives the model away in numbers. Pages show it
  /// with {{samples MODEL}}, and `classify` asks which model it was.
  void sample(const std::string& model, const std::string& prompt, const std::string& text,
              const std::string& evidence);
  /// What could fool you.
  void caveat(const std::string& text);
  /// Numbers from here on come from a cached model, or again from this run.
  void origin(Origin origin) { origin_ = origin; }

  bool holds() const { return failed_ == 0; }
  /// Sums up; prints what does not hold.
  void finish();
  std::string report_json() const;

 private:
  struct Record;
  void line(const std::string& what, const std::string& symbol, const std::string& value,
            const std::string& verdict);
  std::string id_, title_;
  Settings settings_;
  std::uint64_t seed_;
  Origin origin_ = Origin::kNow;
  int checked_ = 0, failed_ = 0;
  double start_;
  std::unique_ptr<Record> record_;
};

/// main() of a lesson program: reads options, runs, turns errors into one message and exit status.
int run_lesson(int argc, char** argv, const char* id, const char* title, Lesson::Settings settings,
               const std::function<void(Lesson&)>& body);

}  // namespace pupil
