#include "lessons/kit/call.h"

#include "exercise.h"

PUPIL_CALL {
  const exercise::Table table{a.view("table"), a.view("rows"), a.ids("ids")};
  if (a.is("tied")) {
    exercise::tied(a.out("x"), a.out("z"), table, a.ids("tokens"), a.view("h"));
  }
  if (a.is("backward")) {
    exercise::tied_backward(a.out("drows"), a.out("dh"), table, a.ids("tokens"), a.view("h"),
                            a.view("dx"), a.view("dz"));
  }
}
