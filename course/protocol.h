// What grader and worker say to each other through two pipes. Both are of one build, on one
// machine: numbers lie in its byte order.
//
//   worker   one byte, its sandbox level, before the student's code is loaded; one byte 'R' after
//   grader   request:  u32 length, then  text function, u32 n, n arguments
//            argument: text name, u8 role, u8 kind, i64 rows, i64 width, content unless an output
//   worker   response: u8 status, u32 length, text; after kReturned the content of every argument
//            that is no input, in order
//
// A text is u32 length and bytes. The grader knows from its request how long each response is and
// reads no more: what the student's code may write into the pipe can be wrong, but not misread.
#pragma once
#include <cstdint>

#include "lessons/kit/call.h"

namespace pupil::course::protocol {

inline constexpr int kRequestFd = 3, kResponseFd = 4;
inline constexpr std::uint8_t kReady = 'R', kNotLoaded = 'L';
/// Besides kit::CallStatus: a signal; the text is "SIGNAL ARGUMENT OFFSET PLACE" (see worker).
inline constexpr std::uint8_t kFault = 10;
inline constexpr std::uint32_t kLongestText = 4096;
inline constexpr std::uint32_t kLargestRequest = 1u << 30;
inline constexpr int kMostArguments = 64;

/// What holds the student's code, as bits; the limits on time and memory are always there.
enum Level : std::uint8_t { kLimits = 0, kLandlock = 1, kSeccomp = 2, kBubblewrap = 4 };

inline std::int64_t element_size(kit::Kind kind) {
  return kind == kit::Kind::kNumbers ? 8 : kind == kit::Kind::kIntegers ? 4 : 1;
}

}  // namespace pupil::course::protocol
