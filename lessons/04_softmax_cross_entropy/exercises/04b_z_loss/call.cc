#include "lessons/kit/call.h"

#include "exercise.h"

PUPIL_CALL {
  if (a.is("loss")) {
    exercise::z_loss(a.out_numbers("loss"), a.view("logits"), a.ids("targets"), a.value("weight"));
  }
  if (a.is("backward")) {
    exercise::z_loss_backward(a.out("dlogits"), a.view("logits"), a.ids("targets"),
                              a.value("weight"), a.numbers("dloss"));
  }
}
