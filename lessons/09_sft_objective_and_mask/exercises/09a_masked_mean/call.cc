#include "lessons/kit/call.h"

#include "exercise.h"

PUPIL_CALL {
  if (a.is("loss")) {
    a.number("loss") = exercise::masked_mean(a.view("logits"), a.ids("ids"), a.ids("mask"));
  }
  if (a.is("backward")) {
    exercise::masked_mean_backward(a.out("dlogits"), a.view("logits"), a.ids("ids"), a.ids("mask"),
                                   a.value("dloss"));
  }
}
