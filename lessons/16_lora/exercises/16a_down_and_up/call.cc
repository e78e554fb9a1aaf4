#include "lessons/kit/call.h"

#include "exercise.h"

PUPIL_CALL {
  if (a.is("low_rank")) {
    exercise::low_rank(a.out("y"), a.view("x"), a.view("k"), a.view("d"), a.view("u"),
                       a.value("gamma"));
  }
  if (a.is("backward")) {
    exercise::low_rank_backward(a.out("dx"), a.out("dd"), a.out("du"), a.view("x"), a.view("k"),
                                a.view("d"), a.view("u"), a.value("gamma"), a.view("dy"));
  }
}
