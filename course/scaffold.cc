#include "course/scaffold.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "nn/file.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

// A worked toy: y = x^2 and its gradient. ID stands for the exercise's id.
constexpr std::pair<const char*, std::string_view> kFiles[] = {
    {"exercise.toml", R"(id = "ID"
title = "Say in a sentence what is written here"

[[check]]
name = "value"
points = 1

[[check]]
name = "gradient"
points = 2
after = "value"

[[check]]
name = "large"
points = 1
after = "gradient"
large = true
)"},
    {"exercise.h", R"(// ID: what is to be computed, and why.
//
//   y_i = x_i^2                                        x, y: n numbers
#pragma once
#include "kernels/view.h"

namespace exercise {

void square(pupil::View<double> y, pupil::View<const double> x);
/// dx = dy * dy/dx
void square_backward(pupil::View<double> dx, pupil::View<const double> x,
                     pupil::View<const double> dy);

}  // namespace exercise
)"},
    {"exercise.cc", R"(// ID: what to compute stands in exercise.h.
#include "exercise.h"

#include "lessons/kit/not_done.h"

namespace exercise {

void square(pupil::View<double> y, pupil::View<const double> x) {
  for (long i = 0; i < x.width; ++i) {
    // BEGIN SOLUTION value
    //| y.data[i] = 0;
    //| not_done("the value");
    y.data[i] = x.data[i] * x.data[i];
    // END SOLUTION
  }
}

void square_backward(pupil::View<double> dx, pupil::View<const double> x,
                     pupil::View<const double> dy) {
  for (long i = 0; i < x.width; ++i) {
    // BEGIN SOLUTION gradient
    //| dx.data[i] = 0 * dy.data[i];
    //| not_done("the gradient");
    dx.data[i] = 2 * x.data[i] * dy.data[i];
    // END SOLUTION
  }
}

// BEGIN MUTANT not-squared of=value fails=value
//! You returned x itself; the value is its square.
//~ y.data[i] = x.data[i];
// END MUTANT

// BEGIN MUTANT two-forgotten of=gradient fails=gradient
//! The derivative of x^2 is 2 x: the 2 is missing.
//~ dx.data[i] = x.data[i] * dy.data[i];
// END MUTANT

}  // namespace exercise
)"},
    {"call.cc", R"(#include "lessons/kit/call.h"

#include "exercise.h"

PUPIL_CALL {
  if (a.is("value")) exercise::square(a.out("y"), a.view("x"));
  if (a.is("backward")) exercise::square_backward(a.out("dx"), a.view("x"), a.view("dy"));
}
)"},
    {"checks.cc", R"(#include "lessons/kit/check.h"

using namespace pupil::kit;

namespace {

struct Case {
  Call forward, backward;
};

Case make_case(Trial& t, std::int64_t n) {
  const Argument x = input("x", {n}, t.random.normals(n));
  return {{"value", {x, output("y", {n})}},
          {"backward", {x, input("dy", {n}, t.random.normals(n)), output("dx", {n})}}};
}

}  // namespace

PUPIL_CHECKS {
  check("value", [](Trial& t) { t.same(make_case(t, 7).forward); });
  check("gradient", [](Trial& t) {
    const Case c = make_case(t, 7);
    t.gradient(c.forward, c.backward);
  });
  check("large", [](Trial& t) { t.same(make_case(t, 1000003).backward); });
}
)"},
    {"task.md", "Say what is to be written and why it matters, in one screen.\n"},
    {"hints.md", "## 1\nWhere to look.\n## 2\nWhich rule.\n## two-forgotten\nDifferentiate x^2.\n"},
    {"why.md", "What to think about once it passes.\n"},
};

}  // namespace

std::string scaffold(const Course& course, const Lesson& lesson, const std::string& name) {
  const std::size_t end = name.find('_');
  const std::string id = name.substr(0, end);
  if (end == std::string::npos || !id.starts_with(lesson.id) || id.size() <= lesson.id.size()) {
    throw UsageError(fmt::format("\"{}\": expected {}x_name, such as {}c_my_exercise", name,
                                 lesson.id, lesson.id));
  }
  if (course.find_exercise(id))
    throw UsageError(fmt::format("there is an exercise {} already", id));
  const std::string folder = lesson.folder + "/exercises/" + name;
  if (folder_exists(folder)) throw UsageError(folder + " is there already");
  make_folder(folder);
  for (const auto& [file, text] : kFiles) {
    std::string filled(text);
    for (std::size_t at = 0; (at = filled.find("ID", at)) != std::string::npos; at += id.size()) {
      filled.replace(at, 2, id);
    }
    write_file(folder + "/" + file, filled);
  }
  return folder;
}

}  // namespace pupil::course
