#include "lessons/kit/call.h"

#include "exercise.h"

PUPIL_CALL {
  const auto run = [&] {
    return exercise::supervised_targets(a.out_ids("targets"), a.ids("ids"), a.ids("parts"),
                                        a.size("ids"));
  };
  if (a.is("targets")) run();
  if (a.is("count")) a.out_integer("count") = run();
}
