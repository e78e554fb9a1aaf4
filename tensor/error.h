// Errors that a caller, a file or a command line can cause. Each message says what, where, what was
// expected and what to do: "[matmul] inner dimensions differ: a is (4, 3) f32, b is (2, 5) f32;
// ...".
#pragma once
#include <stdexcept>
#include <string>

namespace pupil {

/// Base of all errors below; what() is one complete message for a person.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct ShapeError : Error {
  using Error::Error;
};  ///< shapes do not fit the operation
struct DTypeError : Error {
  using Error::Error;
};  ///< element types do not fit
struct IndexError : Error {
  using Error::Error;
};  ///< an id, row or axis is out of range
struct GradientError : Error {
  using Error::Error;
};  ///< the tape was used wrongly, or a rule is wrong
struct InputError : Error {
  using Error::Error;
};  ///< bad file, data or model: exit status 3
struct UsageError : Error {
  using Error::Error;
};  ///< wrong options: exit status 2
struct DeviceError : Error {
  using Error::Error;
};  ///< missing or failing device: exit status 3

}  // namespace pupil
