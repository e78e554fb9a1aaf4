// An array on the stack that no stack holds.
// exercise: 09b
// expect: crash
// behind the list of symbols: crash
#include "exercise.h"

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  volatile char room[64 << 20];
  for (char volatile& page : room) page = char(length);
  return room[length];
}
