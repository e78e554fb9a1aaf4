#include "lessons/kit/call.h"

#include "exercise.h"

PUPIL_CALL {
  if (a.is("divergences")) {
    exercise::divergences(a.out_numbers("d"), a.view("logits"), a.ids("counts"), a.value("w"));
  }
  if (a.is("backward")) {
    exercise::divergences_backward(a.out("dlogits"), a.view("logits"), a.ids("counts"),
                                   a.value("w"), a.numbers("dd"));
  }
}
