// Reads the memory of the process that started it.
// exercise: 09b
// expect: crash
// behind the list of symbols: crash
#include "exercise.h"

#include <unistd.h>
#include <fstream>
#include <string>

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  std::ifstream in("/proc/" + std::to_string(::getppid()) + "/mem");
  char byte = 0;
  in.read(&byte, 1);
  return byte;
}
