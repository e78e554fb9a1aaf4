#include <algorithm>
#include <vector>

#include "lessons/kit/call.h"

#include "exercise.h"

PUPIL_CALL {
  const exercise::Template form{a.integer("bos"), a.integer("end"), a.integer("gap"),
                                a.ids("opening"), a.ids("opening_first")};
  const exercise::Conversation said{a.ids("roles"), a.ids("content"), a.ids("content_first"),
                                    std::int32_t(a.size("roles"))};
  // What is not asked for gets a place that nobody reads.
  const auto place = [&](const char* name) {
    std::fill_n(a.out_ids(name), a.size(name), -1);
    return a.out_ids(name);
  };
  std::vector<std::int32_t> unread(256);
  if (a.is("ids")) {
    a.out_integer("count") = exercise::render(place("ids"), unread.data(), form, said);
  }
  if (a.is("mask")) {
    a.out_integer("count") = exercise::render(unread.data(), place("mask"), form, said);
  }
  if (a.is("prompt")) a.out_integer("count") = exercise::prompt(place("ids"), form, said);
}
