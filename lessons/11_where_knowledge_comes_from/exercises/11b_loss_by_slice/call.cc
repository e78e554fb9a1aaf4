#include "lessons/kit/call.h"

#include "exercise.h"

PUPIL_CALL {
  if (a.is("losses")) {
    exercise::loss_by_slice(a.out_numbers("loss"), a.size("loss"), a.view("logits"),
                            a.ids("targets"), a.ids("slice"));
  }
  if (a.is("backward")) {
    exercise::loss_by_slice_backward(a.out("dlogits"), a.numbers("dloss"), a.size("dloss"),
                                     a.view("logits"), a.ids("targets"), a.ids("slice"));
  }
}
