// A release holds no solution and proves itself; a line that must not leave stops it.
#include "course/release.h"

#include "course/validate.h"
#include "tests/course_fixture.h"
#include "tests/staff_class.h"

namespace pupil::course {
namespace {

namespace fs = std::filesystem;
using test::SmallTree;

using Releasing = test::CourseTest;

TEST_F(Releasing, LeavesNoSolutionInTheTreeAndEveryExerciseValid) {
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
    EXPECT_GE(v.mutants.size(), 3u) << e->id;
  }
  // A library that is gone is an error of the proof, too.
  const Exercise& first = *released.exercises().front();
  fs::remove(made.tree + "/checks/" + first.id + "/reference.so");
  EXPECT_FALSE(validate(released, first, {.seeds = 1, .folder = files.path() + "/again"}).ok());
}

TEST_F(Releasing, IsTheSameArchiveTwice) {
  const SmallTree small({"09b"});
  const Release one = release(small.course(), small.path("one"));
  const Release two = release(small.course(), small.path("two"));
  EXPECT_EQ(one.sha256, two.sha256);
}

// A line of the solution in a comment, a string, a document and a binary, each where the release
// takes it from; the engine's own sources apart, whose lines students may see.
TEST_F(Releasing, StopsAtASecretInACommentStringDocumentAndBinary) {
  const SmallTree small({"09b"});
  const MarkedSource marked = source("09b");
  std::string secret;
  for (const std::string& line : marked.secret_lines()) {
    if (line.size() > secret.size() && line.find("//") == line.npos &&
        line.find('"') == line.npos) {
      secret = line;
    }
  }
  ASSERT_GT(secret.size(), 20u);
  const std::pair<std::string, std::string> planted[] = {
      {"course/comment.h", "// As it was once: " + secret + "\n"},
      {"bench/string.cc", "const char* hint = \"" + secret + "\";\n"},
      {"docs/page.md", "Think of\n\n    " + secret + "\n"},
      {"lessons/09_sft_objective_and_mask/picture.bin", std::string("\0\1\2", 3) + secret + '\0'}};
  for (const auto& [name, content] : planted) {
    fs::create_directories(fs::path(small.root() + "/" + name).parent_path());
    write_file(small.root() + "/" + name, content);
  }
  const std::string message = input_error([&] { release(small.course(), small.path("dist")); });
  expect_contains(message, "holds lines that it must not");
  for (const auto& [name, content] : planted) expect_contains(message, name);
  EXPECT_FALSE(file_exists(small.path("dist") + "/sft-student-2026.1.tar.gz"));
}

}  // namespace
}  // namespace pupil::course
