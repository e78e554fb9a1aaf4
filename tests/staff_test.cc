// What instructors rely on: exercises prove themselves, vacuous checks are refused, a release holds
// no secret, and a class is graded the same way twice.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "course/check_builder.h"
#include "course/export.h"
#include "course/grade_all.h"
#include "course/gradebook.h"
#include "course/lint.h"
#include "course/reference_trial.h"
#include "course/release.h"
#include "course/scaffold.h"
#include "course/secrets.h"
#include "course/validate.h"
#include "tests/course_fixture.h"

namespace pupil::course {
namespace {

using Staff = test::CourseTest;

TEST_F(Staff, EveryExerciseIsValid) {
  for (const Exercise* e : tree.exercises()) {
    const Validation v = validate(tree, *e, {.seeds = 5, .folder = files.path()});
    EXPECT_TRUE(v.ok()) << validation_text(v, 100);
    EXPECT_GE(v.mutants.size(), 3u) << e->id;
  }
}

TEST_F(Staff, TheCourseHasNoFaultThatLintFinds) {
  for (const std::string& fault : lint(tree).faults) ADD_FAILURE() << fault;
}

// ---- vacuous checks -----------------------------------------------------------------------------

// An exercise whose checks.cc is given: y = softmax(x), and its gradient.
class Vacuous : public Staff {
 protected:
  std::vector<std::string> faults(const std::string& check) const {
    const std::string folder = files.path() + "/04z_softmax";
    std::filesystem::create_directories(folder);
    write_file(folder + "/exercise.toml",
               "id = \"04z\"\ntitle = \"t\"\n[[check]]\nname = "
               "\"gradient\"\npoints = 1\n");
    write_file(folder + "/exercise.h",
               "#pragma once\n#include \"kernels/view.h\"\nnamespace exercise {\n"
               "void softmax(pupil::View<double> y, pupil::View<const double> x);\n"
               "void backward(pupil::View<double> dx, pupil::View<const double> x,\n"
               "              pupil::View<const double> dy);\n}\n");
    write_file(folder + "/exercise.cc",
               "#include \"exercise.h\"\n#include <cmath>\n#include <vector>\n"
               "void exercise::softmax(pupil::View<double> y, pupil::View<const double> x) {\n"
               "  // BEGIN SOLUTION value\n  double s = 0;\n"
               "  for (long i = 0; i < x.width; ++i) s += y.data[i] = std::exp(x.data[i]);\n"
               "  for (long i = 0; i < x.width; ++i) y.data[i] /= s;\n  // END SOLUTION\n}\n"
               "void exercise::backward(pupil::View<double> dx, pupil::View<const double> x,\n"
               "                        pupil::View<const double> dy) {\n"
               "  std::vector<double> y(x.width);\n"
               "  exercise::softmax(pupil::dense(y.data(), 1, x.width), x);\n"
               "  double dot = 0;\n"
               "  for (long i = 0; i < x.width; ++i) dot += y[i] * dy.data[i];\n"
               "  for (long i = 0; i < x.width; ++i) dx.data[i] = y[i] * (dy.data[i] - dot);\n}\n");
    write_file(folder + "/call.cc",
               "#include \"lessons/kit/call.h\"\n#include \"exercise.h\"\nPUPIL_CALL {\n"
               "  if (a.is(\"value\")) exercise::softmax(a.out(\"y\"), a.view(\"x\"));\n"
               "  if (a.is(\"backward\"))\n"
               "    exercise::backward(a.out(\"dx\"), a.view(\"x\"), a.view(\"dy\"));\n}\n");
    write_file(folder + "/checks.cc",
               "#include \"lessons/kit/check.h\"\nusing namespace pupil::kit;\n"
               "PUPIL_CHECKS {\n  check(\"gradient\", [](Trial& t) {\n"
               "    const Argument x = input(\"x\", {7}, t.random.normals(7));\n" +
                   check + "  });\n}\n");
    const std::string to = files.path() + "/checks";
    build_checks(PUPIL_SOURCE_DIR, folder, to, true);
    const CheckLibrary library(to);
    ReferenceTrial trial(1, library);
    library.check("gradient")(trial);
    return trial.faults();
  }
  static std::string gradient_with(const std::string& upstream) {
    return "    t.gradient({\"value\", {x, output(\"y\", {7})}},\n"
           "               {\"backward\", {x, input(\"dy\", {7}, " +
           upstream + "), output(\"dx\", {7})}});\n";
  }
};

TEST_F(Vacuous, AnUpstreamOfOnesOnASoftmaxIsRefused) {
  const auto found = faults(gradient_with("std::vector<double>(7, 1.0)"));
  ASSERT_GE(found.size(), 2u);
  expect_contains(found[0], "all ones");
  expect_contains(found.back(), "almost zero");
}

TEST_F(Vacuous, AGradientThatIsZeroIsRefused) {
  const auto found = faults(gradient_with("std::vector<double>(7, 0.5)"));
  expect_contains(found.at(0), "one number everywhere");
}

TEST_F(Vacuous, ARandomUpstreamIsAccepted) {
  EXPECT_EQ(faults(gradient_with("t.random.normals(7)")), std::vector<std::string>());
}

// ---- a new exercise -----------------------------------------------------------------------------

TEST_F(Staff, ANewExerciseBuildsAndProvesItself) {
  Lesson lesson = tree.lesson("04");
  lesson.folder = files.path();
  const std::string folder = scaffold(tree, lesson, "04x_square");
  build_checks(PUPIL_SOURCE_DIR, folder, files.path() + "/checks", true);
  const CheckLibrary library(files.path() + "/checks");
  for (const char* name : {"value", "gradient"}) {
    ReferenceTrial trial(3, library);
    library.check(name)(trial);
    EXPECT_EQ(trial.faults(), std::vector<std::string>()) << name;
  }
}

// ---- secrets ------------------------------------------------------------------------------------

TEST_F(Staff, ASecretIsFoundInCommentsStringsDocumentsAndBinaries) {
  Secrets secrets;
  secrets.add("  return largest + std::log(total);", "x.cc");
  secrets.add("short;", "x.cc");
  const std::string line = "return largest + std::log(total);";
  const std::pair<const char*, std::string> planted[] = {
      {"comment.h", "// hint: " + line + "\n"},
      {"string.cc", "const char* s = \"" + line + "\";\n"},
      {"doc.md", "Some text.\n\n    return   largest +\n        std::log(total);\n"},
      {"binary.so", std::string("\x7f"
                                "ELF\0\1\2",
                                7) +
                        line + std::string("\0\3", 2)}};
  for (const auto& [name, content] : planted) {
    const TemporaryFolder folder;
    write_file(folder.path() + "/" + name, content);
    write_file(folder.path() + "/clean.txt", "nothing here; short;\n");
    const auto leaks = secrets.find_in(folder.path());
    ASSERT_EQ(leaks.size(), 1u) << name;
    EXPECT_EQ(leaks[0].file, name);
  }
}

TEST_F(Staff, WhatStudentsMaySeeIsNoSecret) {
  Secrets secrets;
  secrets.add("const double* z = logits.row(i);", "x.cc");
  secrets.allow("  for (...) {\n    const double* z = logits.row(i);\n");
  EXPECT_EQ(secrets.count(), 0u);
}

// ---- release and grading ------------------------------------------------------------------------

// A class of three levels: all solved, half of them, and files that break.
void hand_in(const Course& tree, const std::string& folder, int students) {
  for (int s = 0; s < students; ++s) {
    int number = 0;
    for (const Exercise* e : tree.exercises()) {
      const std::string path = e->path("exercise.cc");
      const MarkedSource source(read_file(path), path);
      const bool solved = s % 3 == 0 || (s % 3 == 1 && number % 2 == 0);
      const std::string text = solved       ? source.solution()
                               : s % 3 == 1 ? source.starter()
                                            : "#include \"exercise.h\"\nint broken(";
      const std::string to = folder + "/s" + std::to_string(100 + s) + "/" + e->name;
      std::filesystem::create_directories(to);
      write_file(to + "/exercise.cc", text);
      ++number;
    }
  }
}

TEST_F(Staff, AReleaseHoldsNoSolutionAndAClassIsGradedTwiceAlike) {
  const Release made = release(tree, files.path() + "/dist");
  EXPECT_EQ(made.exercises, tree.exercises().size());
  EXPECT_GT(made.secrets, 50u);
  const Course released = read_course(made.tree);
  EXPECT_TRUE(released.release);
  for (const Exercise* e : released.exercises()) {
    EXPECT_FALSE(file_exists(e->path("checks.cc")));
    EXPECT_EQ(read_file(e->path("exercise.cc")).find("SOLUTION"), std::string::npos);
    const Validation v = validate(released, *e, {.seeds = 2, .folder = files.path() + "/validate"});
    EXPECT_TRUE(v.ok()) << validation_text(v, 100);
  }

  const int students =
      std::getenv("PUPIL_FULL") && std::string(std::getenv("PUPIL_FULL")) == "yes" ? 100 : 6;
  hand_in(tree, files.path() + "/inbox", students);
  const GradeAllOptions options{.submissions = files.path() + "/inbox",
                                .out = files.path() + "/out"};
  const GradeAllReport report = grade_all(tree, options);
  EXPECT_EQ(report.students, std::size_t(students));
  EXPECT_EQ(report.graded, std::size_t(students) * tree.exercises().size());
  EXPECT_EQ(report.level.find("landlock+seccomp") != std::string::npos, true);
  const std::string first = read_file(options.out + "/summary.csv");

  std::int64_t most = 0;
  for (const Exercise* e : tree.exercises()) most += e->max_points(true);
  std::istringstream lines(first);
  std::string line;
  std::getline(lines, line);
  for (int s = 0; std::getline(lines, line); ++s) {
    const std::int64_t total = std::stoll(line.substr(line.rfind(',') + 1));
    if (s % 3 == 0) EXPECT_EQ(total, most) << line;
    if (s % 3 == 1) EXPECT_TRUE(0 < total && total < most) << line;
    if (s % 3 == 2) EXPECT_EQ(total, 0) << line;
  }

  const GradeAllReport again = grade_all(tree, options);
  EXPECT_EQ(again.graded, 0u);
  EXPECT_EQ(again.kept, report.graded);
  std::filesystem::remove_all(options.out + "/results");
  std::filesystem::remove(options.out + "/grades.db");
  grade_all(tree, options);
  EXPECT_EQ(read_file(options.out + "/summary.csv"), first);
}

TEST_F(Staff, ExportsHaveTheFieldsOfTheirSchemasAndTheGradebooksTotals) {
  hand_in(tree, files.path() + "/inbox", 3);
  const GradeAllOptions options{.submissions = files.path() + "/inbox",
                                .out = files.path() + "/out"};
  grade_all(tree, options);
  const auto students = read_class(tree, options.out);
  ASSERT_EQ(students.size(), 3u);
  const Gradebook book(options.out + "/grades.db");
  for (const StudentResults& s : students) {
    std::int64_t total = 0;
    for (const Exercise* e : tree.exercises()) total += book.get(s.student, e->id)->points;
    EXPECT_EQ(s.points(), total);

    // Gradescope: score is the sum of the tests' scores; every test has these fields.
    const auto json = nlohmann::json::parse(gradescope_json(tree, s));
    double sum = 0, most = 0;
    for (const auto& test : json.at("tests")) {
      sum += test.at("score").get<double>();
      most += test.at("max_score").get<double>();
      EXPECT_TRUE(test.at("name").is_string() && test.at("number").is_string());
      EXPECT_TRUE(test.at("status") == "passed" || test.at("status") == "failed");
      EXPECT_TRUE(test.at("visibility") == "visible" || test.at("visibility") == "after_published");
    }
    EXPECT_EQ(sum, json.at("score").get<double>());
    EXPECT_EQ(sum, double(total));
    EXPECT_EQ(most, double(s.max_points()));

    const std::string xml = junit_xml(s);
    expect_contains(xml, "<testsuite name=\"04a\" tests=\"5\"");
    EXPECT_EQ(xml.find("one-class"), std::string::npos);  // hidden
  }

  const auto lms = parse_csv("Name,\"SIS, id\",HW\n\"a \"\"b\"\"\",s100,\nc,s101,7\n", "lms.csv");
  const LmsFill fill = fill_lms(lms, "SIS, id", "HW", students);
  EXPECT_EQ(fill.filled, 2u);
  EXPECT_EQ(fill.unmatched, std::vector<std::string>{"s102"});
  EXPECT_EQ(fill.rows[1][2], std::to_string(students[0].points()));
  EXPECT_EQ(parse_csv(to_csv(fill.rows), "x"), fill.rows);
  expect_contains(input_error([&] { fill_lms(lms, "id", "HW", students); }), "no column \"id\"");
  expect_contains(statistics(tree, students), "value");
}

TEST_F(Staff, FeedbackTellsOfHiddenChecksOnlyWhatTheyAreAbout) {
  const Exercise& e = exercise("09a");
  const std::string to = files.path() + "/inbox/s1/" + e.name;
  std::filesystem::create_directories(to);
  const MarkedSource marked = source("09a");
  for (const Mutant& m : marked.mutants()) {
    if (m.name == "first-counted") write_file(to + "/exercise.cc", source("09a").mutant(m));
  }
  const GradeAllOptions options{.submissions = files.path() + "/inbox",
                                .out = files.path() + "/out"};
  grade_all(tree, options);
  const std::string feedback = read_file(options.out + "/feedback/s1.txt");
  expect_contains(feedback, "hidden: a mask that is set at position 0");
  EXPECT_EQ(feedback.find("first-token"), std::string::npos);
  EXPECT_EQ(feedback.find("first-counted"), std::string::npos);
}

}  // namespace
}  // namespace pupil::course
