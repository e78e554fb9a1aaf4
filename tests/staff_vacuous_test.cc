// Checks that cannot fail, planted in an exercise that is right otherwise: `staff validate` refuses
// each and says why. In courses that people admire, exponents were drawn from {0}, gradients came
// in as ones, and laws held whatever the code did.
#include "course/check_builder.h"
#include "course/scaffold.h"
#include "course/validate.h"
#include "tests/course_fixture.h"
#include "tests/staff_class.h"

namespace pupil::course {
namespace {

namespace fs = std::filesystem;

// The worked toy of `staff new` (y = x^2), changed and compiled into a release of its own.
class Vacuous : public ::testing::Test {
 protected:
  Vacuous() : small({"09b"}) {
    const Course course = small.course();
    folder = scaffold(course, course.lesson("09"), "09z_square");
    const std::string toml = small.root() + "/lessons/course.toml";
    std::string text = read_file(toml);
    write_file(toml, text.insert(text.find("\ntitle") + 1, "release = true\n"));
  }

  void replace(const std::string& file, const std::string& what, const std::string& by) const {
    std::string text = read_file(folder + "/" + file);
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += by.size()) {
      text.replace(at, what.size(), by);
      ++found;
    }
    ASSERT_GT(found, 0u) << file << " has no " << what;
    write_file(folder + "/" + file, text);
  }

  // All faults in one text; "" when the exercise is valid.
  std::string faults() const {
    build_checks(small.root(), folder, small.root() + "/checks/09z", false);
    const std::string path = folder + "/exercise.cc";
    write_file(path, MarkedSource(read_file(path), path).starter());
    const Course course = small.course();
    const Validation v =
        validate(course, course.exercise("09z"), {.seeds = 3, .folder = small.path("validate")});
    std::string all;
    for (const std::string& fault : v.faults) all += fault + "\n";
    return all;
  }

  test::SmallTree small;
  std::string folder;
};

TEST_F(Vacuous, TheToyItselfIsValid) { EXPECT_EQ(faults(), ""); }

TEST_F(Vacuous, AnUpstreamOfOnesIsRefused) {
  replace("checks.cc", "t.random.normals(n)), output(\"dx\"",
          "std::vector<double>(n, 1.0)), output(\"dx\"");
  expect_contains(faults(), "vacuous: dy is all ones");
}

TEST_F(Vacuous, OneNumberAsUpstreamIsRefused) {
  replace("checks.cc", "t.random.normals(n)), output(\"dx\"",
          "std::vector<double>(n, t.random.normal())), output(\"dx\"");
  expect_contains(faults(), "vacuous: dy is one number everywhere");
}

// y = softmax(x): under ones its gradient is 0 whatever x is.
TEST_F(Vacuous, OnesUpstreamOfASoftmaxAreRefusedForTheirZeroGradient) {
  replace("exercise.cc", "y.data[i] = x.data[i] * x.data[i];",
          "y.data[i] = 0;\n    for (long j = 0; j < x.width; ++j) {\n"
          "      y.data[i] += std::exp(x.data[j] - x.data[i]);\n    }\n"
          "    y.data[i] = 1 / y.data[i];");
  replace("exercise.cc", "dx.data[i] = 2 * x.data[i] * dy.data[i];",
          "double total = 0, dot = 0;\n    for (long j = 0; j < x.width; ++j) {\n"
          "      total += std::exp(x.data[j]);\n      dot += std::exp(x.data[j]) * dy.data[j];\n"
          "    }\n    dx.data[i] = std::exp(x.data[i]) / total * (dy.data[i] - dot / total);");
  replace("exercise.cc", "#include \"exercise.h\"", "#include \"exercise.h\"\n#include <cmath>");
  replace("checks.cc", "1000003", "101");
  replace("checks.cc", "t.random.normals(n)), output(\"dx\"",
          "std::vector<double>(n, 1.0)), output(\"dx\"");
  const std::string found = faults();
  expect_contains(found, "vacuous: dy is all ones");
  expect_contains(found, "vacuous: the gradient dx is almost zero");
}

// y = x^k with k drawn from {0}: the gradient is 0.
TEST_F(Vacuous, AnExponentThatIsAlwaysZeroIsRefused) {
  replace("exercise.h", "View<const double> x", "View<const double> x, int k");
  replace("exercise.cc", "View<const double> x", "View<const double> x, int k");
  replace("exercise.cc", "x.data[i] * x.data[i]", "std::pow(x.data[i], k)");
  replace("exercise.cc", "2 * x.data[i] * dy", "k * std::pow(x.data[i], k - 1) * dy");
  replace("exercise.cc", "#include \"exercise.h\"", "#include \"exercise.h\"\n#include <cmath>");
  replace("call.cc", "a.view(\"x\")", "a.view(\"x\"), a.integer(\"k\")");
  replace("checks.cc", "const Argument x =",
          "const Argument k = integer_input(\"k\", t.random.below(1));\n  const Argument x =");
  replace("checks.cc", "{x, ", "{x, k, ");
  expect_contains(faults(), "vacuous: the gradient dx is almost zero");
}

TEST_F(Vacuous, ALawThatAlwaysHoldsIsRefused) {
  replace("checks.cc", "check(\"value\", [](Trial& t) { t.same(make_case(t, 7).forward); });",
          "check(\"value\", [](Trial& t) {\n"
          "    const Call y = t.outputs(make_case(t, 7).forward);\n"
          "    t.expect(y.arguments.size() == 2, \"a call has two arguments\");\n  });");
  expect_contains(faults(), "vacuous: no mutant fails check value");
}

TEST_F(Vacuous, ACheckThatComparesNothingIsRefused) {
  replace("checks.cc", "check(\"value\", [](Trial& t) { t.same(make_case(t, 7).forward); });",
          "check(\"value\", [](Trial& t) { t.describe(\"7 numbers\"); });");
  expect_contains(faults(), "check value compares nothing");
}

TEST_F(Vacuous, AReferenceWithAWrongGradientIsRefused) {
  replace("exercise.cc", "dx.data[i] = 2 * x.data[i] * dy.data[i];",
          "dx.data[i] = 3 * x.data[i] * dy.data[i];");
  expect_contains(faults(), "the reference's gradient is wrong");
}

}  // namespace
}  // namespace pupil::course
