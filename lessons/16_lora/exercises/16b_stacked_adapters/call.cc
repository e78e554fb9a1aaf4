#include <algorithm>
#include <vector>

#include "lessons/kit/call.h"

#include "exercise.h"

PUPIL_CALL {
  const exercise::Adapters adapters{a.view("a"), a.view("b"), a.ids("ranks"), a.numbers("alphas"),
                                    std::int32_t(a.size("ranks"))};
  if (a.is("scales")) {
    for (std::int32_t j = 0; j < adapters.count; ++j) {
      a.out_numbers("scales")[j] = exercise::scale_of(adapters, j);
    }
  }
  if (a.is("merge")) exercise::merge(a.out("w"), adapters);
  if (a.is("unmerge")) exercise::unmerge(a.out("w"), adapters, a.integer("j"));
  if (a.is("merge_then_unmerge")) {
    exercise::merge(a.out("w"), adapters);
    exercise::unmerge(a.out("w"), adapters, a.integer("j"));
  }
}
