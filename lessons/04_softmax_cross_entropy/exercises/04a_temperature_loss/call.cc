#include "lessons/kit/call.h"

#include "exercise.h"

PUPIL_CALL {
  if (a.is("loss")) {
    a.number("loss") =
        exercise::temperature_loss(a.view("logits"), a.ids("targets"), a.value("tau"));
  }
  if (a.is("backward")) {
    a.number("dtau") = exercise::temperature_loss_backward(
        a.out("dlogits"), a.view("logits"), a.ids("targets"), a.value("tau"), a.value("dloss"));
  }
}
