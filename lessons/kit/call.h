// How an exercise's functions are called: call.cc of each exercise takes the arguments of a check,
// which have names, and hands them to typed functions.
//
//   #include "exercise.h"
//   #include "lessons/kit/call.h"
//
//   PUPIL_CALL {
//     if (a.is("loss")) a.number("loss") = exercise::loss(a.view("logits"), a.ids("targets"));
//     if (a.is("backward")) exercise::backward(a.out("dlogits"), a.view("logits"), ...);
//   }
//
// The same call.cc is linked with a student's file (in the worker), with the reference and with
// every mutant (in the grader), so that all of them are called in one way.
#pragma once
#include <cstdint>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

#include "kernels/view.h"
#include "lessons/kit/not_done.h"

namespace pupil::kit {

enum class Kind : std::uint8_t { kNumbers, kIntegers, kText };  ///< double, int32, char

/// One argument as it lies in memory: rows x width elements, dense.
struct RawArgument {
  const char* name;
  void* data;
  std::int64_t rows, width;
  Kind kind;
  bool writable;
};

/// How a call ended.
enum CallStatus : int { kReturned = 0, kNotDone = 1, kThrew = 2, kBadCall = 3 };

/// The arguments of one call, by name. A name or kind that the check does not give is a mistake of
/// call.cc and ends the call with kBadCall.
class Arguments {
 public:
  Arguments(const char* function, RawArgument* list, int count)
      : function_(function), list_(list), count_(count) {}

  bool is(const char* function) {
    const bool same = std::strcmp(function, function_) == 0;
    known_ |= same;
    return same;
  }
  /// Rows of numbers: to read, and to write.
  View<const double> view(const char* name) {
    const RawArgument& a = find(name, Kind::kNumbers, false);
    return dense<const double>(static_cast<const double*>(a.data), a.rows, a.width);
  }
  View<double> out(const char* name) {
    const RawArgument& a = find(name, Kind::kNumbers, true);
    return dense(static_cast<double*>(a.data), a.rows, a.width);
  }
  /// Numbers in a row, one number, integers, one integer.
  const double* numbers(const char* name) { return view(name).data; }
  double* out_numbers(const char* name) { return out(name).data; }
  double value(const char* name) { return *view(name).data; }
  double& number(const char* name) { return *out(name).data; }
  const std::int32_t* ids(const char* name) {
    return static_cast<const std::int32_t*>(find(name, Kind::kIntegers, false).data);
  }
  std::int32_t* out_ids(const char* name) {
    return static_cast<std::int32_t*>(find(name, Kind::kIntegers, true).data);
  }
  std::int32_t integer(const char* name) { return *ids(name); }
  std::int32_t& out_integer(const char* name) { return *out_ids(name); }
  /// Elements of any argument.
  std::int64_t size(const char* name) {
    for (int i = 0; i < count_; ++i) {
      if (std::strcmp(list_[i].name, name) == 0) return list_[i].rows * list_[i].width;
    }
    throw std::invalid_argument(std::string("no argument ") + name);
  }
  std::string_view text(const char* name) {
    const RawArgument& a = find(name, Kind::kText, false);
    return {static_cast<const char*>(a.data), std::size_t(a.rows * a.width)};
  }
  /// Writes a text result: filled up with zeros, cut at the room there is.
  void put_text(const char* name, std::string_view text) {
    const RawArgument& a = find(name, Kind::kText, true);
    const std::size_t room = std::size_t(a.rows * a.width);
    std::memset(a.data, 0, room);
    std::memcpy(a.data, text.data(), text.size() < room ? text.size() : room);
  }
  bool known() const { return known_; }

 private:
  const RawArgument& find(const char* name, Kind kind, bool to_write) {
    for (int i = 0; i < count_; ++i) {
      if (std::strcmp(list_[i].name, name) != 0) continue;
      if (list_[i].kind != kind) {
        throw std::invalid_argument(std::string("another kind of argument: ") + name);
      }
      if (to_write && !list_[i].writable) {
        throw std::invalid_argument(std::string("an input, not an output: ") + name);
      }
      return list_[i];
    }
    throw std::invalid_argument(std::string("no argument ") + name);
  }
  const char* function_;
  RawArgument* list_;
  int count_;
  bool known_ = false;
};

/// Runs `body` and says in a word how it ended; `message` (of `room` bytes) takes the reason.
template <class Body>
int call_and_report(Arguments& arguments, char* message, int room, Body body) {
  auto say = [&](const char* text) {
    std::strncpy(message, text, std::size_t(room) - 1);
    message[room - 1] = 0;
  };
  say("");
  try {
    body(arguments);
    if (arguments.known()) return kReturned;
    say("call.cc knows no such function");
    return kBadCall;
  } catch (const exercise::NotDone& e) {
    say(e.what);
    return kNotDone;
  } catch (const std::exception& e) {
    say(e.what());
    return kThrew;
  } catch (...) {
    say("something that is no std::exception");
    return kThrew;
  }
}

using CallFunction = int(const char* function, RawArgument* list, int count, char* message,
                         int room);

}  // namespace pupil::kit

#define PUPIL_CALL                                                                               \
  static void pupil_call_body(pupil::kit::Arguments& a);                                         \
  extern "C" __attribute__((visibility("default"))) int pupil_call(                              \
      const char* function, pupil::kit::RawArgument* list, int count, char* message, int room) { \
    pupil::kit::Arguments arguments(function, list, count);                                      \
    return pupil::kit::call_and_report(arguments, message, room, pupil_call_body);               \
  }                                                                                              \
  static void pupil_call_body(pupil::kit::Arguments& a)
