// Waits for the grader's next request before it answers this one.
// exercise: 09b
// expect: timeout
// behind the list of symbols: timeout
#include "exercise.h"

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  static char bytes[4096];
  long result = 0;  // read
  asm volatile("syscall"
               : "+a"(result)
               : "D"(3L), "S"(bytes), "d"(sizeof bytes)
               : "rcx", "r11", "memory");
  return std::int32_t(result);
}
