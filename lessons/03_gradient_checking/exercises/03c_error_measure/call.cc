#include "lessons/kit/call.h"

#include "exercise.h"

PUPIL_CALL {
  if (a.is("errors")) {
    exercise::worst_errors(a.out_numbers("error"), a.out_ids("at"), a.view("a"), a.view("n"),
                           a.ids("zero"));
  }
}
