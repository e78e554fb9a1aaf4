// Opens a file for writing by a system call of its own, past every list of symbols.
// exercise: 09b
// expect: crash
// behind the list of symbols: crash
#include "exercise.h"

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  const char* path = "planted";
  long result = 0;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(257L), "D"(-100L), "S"(path), "d"(0101L)
               : "rcx", "r11", "memory");
  return std::int32_t(result);
}
