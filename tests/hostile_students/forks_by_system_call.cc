// Forks by a system call of its own, again and again.
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
  while (true) {
    long child = 57;  // fork
    asm volatile("syscall" : "+a"(child) : : "rcx", "r11", "memory");
  }
}
