#include "lessons/kit/call.h"

#include "exercise.h"

static exercise::Texts texts_of(pupil::kit::Arguments& a) {
  return {a.size("begin") - 1, a.ids("ids"), a.ids("begin")};
}

PUPIL_CALL {
  if (a.is("evidence")) {
    exercise::log_odds(a.out_numbers("s"), a.view("a"), a.view("b"), texts_of(a), a.integer("k"),
                       a.value("prior"));
  }
  if (a.is("loss")) {
    a.number("loss") = exercise::author_loss(a.view("a"), a.view("b"), texts_of(a), a.ids("author"),
                                             a.integer("k"), a.value("prior"));
  }
  if (a.is("backward")) {
    exercise::author_loss_backward(a.out("da"), a.out("db"), a.view("a"), a.view("b"), texts_of(a),
                                   a.ids("author"), a.integer("k"), a.value("prior"),
                                   a.value("dloss"));
  }
}
