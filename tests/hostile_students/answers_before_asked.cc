// Its constructor fills the grader's pipe with answers before there is a question.
// exercise: 09b
// expect: fail
// behind the list of symbols: fail
#include "exercise.h"

#include <cstring>

namespace {

struct Early {
  Early() {
    static char answers[4096];  // the worker is ready; the call returned, no text, all outputs 0
    std::memset(answers, 0, sizeof answers);
    answers[0] = 'R';
    long result = 1;  // write
    asm volatile("syscall"
                 : "+a"(result)
                 : "D"(4L), "S"(answers), "d"(sizeof answers)
                 : "rcx", "r11", "memory");
  }
} early;

}  // namespace

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  return 3;
}
