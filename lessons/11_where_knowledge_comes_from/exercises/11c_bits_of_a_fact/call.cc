#include "lessons/kit/call.h"

#include "exercise.h"

PUPIL_CALL {
  if (a.is("bits")) {
    exercise::fact_bits(a.out_numbers("bits"), a.view("logits"), a.ids("kind"), a.ids("answer"));
  }
  if (a.is("backward")) {
    exercise::fact_bits_backward(a.out("dlogits"), a.numbers("dbits"), a.view("logits"),
                                 a.ids("kind"), a.ids("answer"));
  }
}
