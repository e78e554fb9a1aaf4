// Ends the process when it is loaded, by a system call of its own.
// exercise: 09b
// expect: crash
// behind the list of symbols: crash
#include "exercise.h"

static const bool ended = [] {
  asm volatile("syscall" : : "a"(231L), "D"(0L) : "rcx", "r11", "memory");
  return true;
}();

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  return 0;
}
