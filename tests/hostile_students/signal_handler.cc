// Answers its own faults with success.
// exercise: 09b
// expect: error
// behind the list of symbols: crash
#include "exercise.h"

#include <csignal>
#include <cstdlib>

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  std::signal(SIGSEGV, [](int) { std::_Exit(0); });
  volatile std::int32_t* volatile nowhere = nullptr;
  *nowhere = 1;
  return 0;
}
