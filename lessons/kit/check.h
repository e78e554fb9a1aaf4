// The checks of an exercise: checks.cc draws inputs, names them, and asks for a comparison. The
// student's code runs in another process; what it must give comes from the reference.
//
//   #include "lessons/kit/check.h"
//   using namespace pupil::kit;
//
//   static Call backward(Trial& t, int rows, int width) {
//     return {"backward", {input("logits", {rows, width}, t.random.normals(rows * width)),
//                          input("dloss", {}, {t.random.normal()}),
//                          output("dlogits", {rows, width})}};
//   }
//
//   PUPIL_CHECKS {
//     check("gradient", [](Trial& t) { t.same(backward(t, 7, 11)); });
//   }
//
// Sizes are distinct primes, so that "7 times too large" can mean one thing only.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lessons/kit/call.h"
#include "lessons/kit/random.h"

namespace pupil::kit {

enum class Role : std::uint8_t { kIn, kOut, kInOut };

/// A named array that goes into a call or comes out of it; the content that fits `kind` is used.
struct Argument {
  std::string name;
  Role role = Role::kIn;
  Kind kind = Kind::kNumbers;
  std::vector<std::int64_t> shape{};
  std::vector<double> numbers{};
  std::vector<std::int32_t> integers{};
  std::string text{};
  bool exact_zeros = false;  ///< where the reference gives 0, only 0 is right

  std::int64_t size() const {
    std::int64_t n = 1;
    for (const std::int64_t d : shape) n *= d;
    return n;
  }
  /// An output: where 0 is due, rounding is no excuse (masked rows).
  Argument zeros_exact() && {
    exact_zeros = true;
    return std::move(*this);
  }
};

using Dims = std::vector<std::int64_t>;

inline Argument input(std::string name, Dims shape, std::vector<double> numbers) {
  return {.name = std::move(name), .shape = std::move(shape), .numbers = std::move(numbers)};
}
/// One number, one integer.
inline Argument input(std::string name, double number) {
  return {.name = std::move(name), .numbers = {number}};
}
inline Argument integer_input(std::string name, std::int32_t value) {
  return {.name = std::move(name), .kind = Kind::kIntegers, .integers = {value}};
}
inline Argument input_ids(std::string name, Dims shape, std::vector<std::int32_t> ids) {
  return {.name = std::move(name),
          .kind = Kind::kIntegers,
          .shape = std::move(shape),
          .integers = std::move(ids)};
}
inline Argument input_text(std::string name, std::string text) {
  const auto n = std::int64_t(text.size());
  return {.name = std::move(name), .kind = Kind::kText, .shape = {n}, .text = std::move(text)};
}
/// Outputs start as NaN, the smallest integer or zero bytes, so that what is not written shows.
inline Argument output(std::string name, Dims shape = {}) {
  return {.name = std::move(name), .role = Role::kOut, .shape = std::move(shape)};
}
inline Argument output_ids(std::string name, Dims shape = {}) {
  return {.name = std::move(name),
          .role = Role::kOut,
          .kind = Kind::kIntegers,
          .shape = std::move(shape)};
}
inline Argument output_text(std::string name, std::int64_t room) {
  return {.name = std::move(name), .role = Role::kOut, .kind = Kind::kText, .shape = {room}};
}
/// What the function adds to: `numbers` before the call.
inline Argument updated(std::string name, Dims shape, std::vector<double> numbers) {
  return {.name = std::move(name),
          .role = Role::kInOut,
          .shape = std::move(shape),
          .numbers = std::move(numbers)};
}

/// One call of one function of the exercise.
struct Call {
  std::string function;
  std::vector<Argument> arguments;

  const Argument& at(const std::string& name) const {
    for (const Argument& a : arguments) {
      if (a.name == name) return a;
    }
    throw std::invalid_argument("the call has no argument " + name);
  }
  Argument& at(const std::string& name) {
    return const_cast<Argument&>(std::as_const(*this).at(name));
  }
};

/// One run of one check. After the first comparison that fails, further ones do nothing and give
/// false.
class Trial {
 public:
  explicit Trial(std::uint64_t seed) : random(seed) {}
  virtual ~Trial() = default;
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  Random random;  ///< every number of the case comes from here: the printed seed replays it

  /// Every element of every output is the reference's, within `tolerance`; the error of an element
  /// is |a - n| / max(|n|, 0.1 max|n|, 1e-2) over its array; integers and texts must be equal.
  virtual bool same(const Call& call, double tolerance = 1e-6) = 0;
  /// The same for a gradient, told apart from its forward: `backward` has, for an output y of
  /// `forward`, the input dy, and for each input x that gets a gradient, the output dx. On failure
  /// the student hears whether the derivative or the forward is wrong; `staff validate` proves the
  /// reference's gradient by central differences.
  virtual bool gradient(const Call& forward, const Call& backward, double tolerance = 1e-6) = 0;
  /// What the student's code gives for the call: the outputs filled in.
  virtual Call outputs(const Call& call) = 0;
  /// A law between outputs: "loss(z + c) = loss(z)".
  virtual bool expect(bool holds, const std::string& law) = 0;
  /// A word about the case for the student: "7 positions, 3 of them supervised".
  virtual void describe(const std::string& text) = 0;
  /// A number that a factor may turn out to be: ("supervised tokens", 5). Sizes of arguments are
  /// known without.
  virtual void constant(const std::string& name, double value) = 0;
};

using CheckFunction = void(Trial&);
/// Where checks.cc registers its checks.
class CheckList {
 public:
  virtual ~CheckList() = default;
  virtual void add(const char* name, CheckFunction* run) = 0;
};

}  // namespace pupil::kit

#define PUPIL_CHECKS                                                                     \
  static void pupil_checks_body(pupil::kit::CheckList& list);                            \
  static thread_local pupil::kit::CheckList* pupil_check_list = nullptr;                 \
  [[maybe_unused]] static void check(const char* name, pupil::kit::CheckFunction* run) { \
    pupil_check_list->add(name, run);                                                    \
  }                                                                                      \
  extern "C" __attribute__((visibility("default"))) void pupil_checks(                   \
      pupil::kit::CheckList& list) {                                                     \
    pupil_check_list = &list;                                                            \
    pupil_checks_body(list);                                                             \
  }                                                                                      \
  static void pupil_checks_body(pupil::kit::CheckList&)
