#include "lessons/kit/call.h"

#include "exercise.h"

PUPIL_CALL {
  if (a.is("cut")) {
    a.out_integer("length") = exercise::cut(a.ids("ids"), std::int32_t(a.size("ids")),
                                            a.integer("e0"), a.integer("e1"), a.out_ids("reason"));
  }
  if (a.is("log_runs_on")) {
    a.number("log_s") = exercise::log_runs_on(a.view("z"), a.integer("e0"), a.integer("e1"));
  }
  if (a.is("backward")) {
    exercise::log_runs_on_backward(a.out("dz"), a.view("z"), a.integer("e0"), a.integer("e1"),
                                   a.value("dlog_s"));
  }
}
