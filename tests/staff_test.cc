// What instructors rely on before they release: exercises prove themselves, a new one does from the
// start, secrets are found wherever they stand.
#include <gtest/gtest.h>

#include "course/check_builder.h"
#include "course/lint.h"
#include "course/reference_trial.h"
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

TEST_F(Staff, TheHeadOfALoopIsNoSecretAndItsBodyIs) {
  Secrets secrets;
  secrets.add("  for (std::int64_t i = 0; i < x.rows; ++i) {", "x.cc");
  EXPECT_EQ(secrets.count(), 0u);
  secrets.add("    y.row(i)[0] = 2 * x.row(i)[0];", "x.cc");
  EXPECT_EQ(secrets.count(), 1u);
}

TEST_F(Staff, WhatStudentsMaySeeIsNoSecret) {
  Secrets secrets;
  secrets.add("const double* z = logits.row(i);", "x.cc");
  secrets.allow("  for (...) {\n    const double* z = logits.row(i);\n");
  EXPECT_EQ(secrets.count(), 0u);
}

}  // namespace
}  // namespace pupil::course
