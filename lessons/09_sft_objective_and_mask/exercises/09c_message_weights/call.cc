#include "lessons/kit/call.h"

#include <vector>

#include "exercise.h"

PUPIL_CALL {
  if (a.is("targets")) {
    std::vector<exercise::Message> messages;
    for (std::int64_t k = 0; k < a.size("header"); ++k) {
      messages.push_back({a.ids("header")[k], a.ids("content")[k], a.numbers("weight")[k]});
    }
    exercise::weighted_targets(a.out_ids("targets"), a.out_numbers("weights"), a.ids("ids"),
                               messages.data(), a.size("header"));
  }
  if (a.is("loss")) {
    a.number("loss") =
        exercise::weighted_loss(a.view("logits"), a.ids("targets"), a.numbers("weights"));
  }
  if (a.is("backward")) {
    exercise::weighted_loss_backward(a.out("dlogits"), a.view("logits"), a.ids("targets"),
                                     a.numbers("weights"), a.value("dloss"));
  }
}
