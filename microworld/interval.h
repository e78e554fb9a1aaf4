// A measured number and how sure we are of it.
#pragma once
#include <cstdint>
#include <span>
#include <string>

namespace pupil::microworld {

inline constexpr double kZ95 = 1.959963984540054;  ///< P(|N(0,1)| < z) = .95

/// One line of an evaluation: value with its 95 % interval [low, high] over n items.
struct Metric {
  std::string slice;   ///< which questions: "held-out", "unknown", ...
  std::string metric;  ///< what was counted: "accuracy", "shape", ...
  double value = 0, low = 0, high = 0;
  std::int64_t n = 0;
};

struct Interval {
  double low, high;
};

/// Wilson's interval for a share p = successes / n (Wilson 1927):
///
///   (p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)
///
/// Unlike p +- z sqrt(p(1-p)/n) it keeps a width at 0 of n and n of n. Without items it is [0, 1].
Interval wilson(std::int64_t successes, std::int64_t n);

Metric share(std::string slice, std::string metric, std::int64_t successes, std::int64_t n);

/// The log-probabilities of some tokens of one document or example, added up.
struct LogProbs {
  double sum = 0;
  std::int64_t count = 0;
};

/// Negative log-likelihood a token, in nats: -(sum of sums) / (sum of counts); n is the number of
/// tokens. The interval is that of a ratio over records, since tokens of one record are not
/// independent: se^2 = R/(R-1) sum_r (s_r + value c_r)^2 / (sum c)^2. One record gives no width:
/// low = high = value. No token at all: value 0, n 0.
Metric mean_nll(std::string slice, std::string metric, std::span<const LogProbs> records);

}  // namespace pupil::microworld
