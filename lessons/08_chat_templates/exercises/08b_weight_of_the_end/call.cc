#include "lessons/kit/call.h"

#include "exercise.h"

PUPIL_CALL {
  if (a.is("share")) {
    a.number("w") =
        exercise::weight_for_share(a.value("share"), a.integer("ends"), a.integer("content"));
  }
  if (a.is("loss")) {
    a.number("loss") =
        exercise::weighted_loss(a.view("z"), a.ids("y"), a.ids("ends"), a.value("w"));
  }
  if (a.is("backward")) {
    a.number("dw") = exercise::weighted_loss_backward(
        a.out("dz"), a.view("z"), a.ids("y"), a.ids("ends"), a.value("w"), a.value("dloss"));
  }
}
