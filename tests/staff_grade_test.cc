// A class is graded safely and the same way twice, and other systems get the gradebook's totals in
// their own forms (tests/schemas/).
#include "course/grade_all.h"

#include <map>
#include <nlohmann/json.hpp>

#include "course/export.h"
#include "course/gradebook.h"
#include "course/process.h"
#include "course/protocol.h"
#include "tests/course_fixture.h"
#include "tests/json_schema.h"
#include "tests/staff_class.h"

namespace pupil::course {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::SmallTree;

std::string schema_path(const std::string& name) {
  return std::string(PUPIL_SOURCE_DIR) + "/tests/schemas/" + name;
}

test::JsonSchema schema(const std::string& name) {
  return test::JsonSchema(json::parse(read_file(schema_path(name))));
}

// Every file of a graded folder that a second grading must repeat; results without times and
// memory.
std::map<std::string, std::string> lasting(const std::string& out) {
  std::map<std::string, std::string> content;
  for (const char* part : {"results", "feedback"}) {
    for (const auto& entry : fs::recursive_directory_iterator(out + "/" + part)) {
      if (!entry.is_regular_file()) continue;
      std::string text = read_file(entry.path().string());
      if (entry.path().extension() == ".json") {
        json results = json::parse(text);
        for (const char* name : {"started", "wall_ms"}) results.erase(name);
        for (const char* name : {"cpu_ms", "max_rss_mb"}) results["worker"].erase(name);
        text = results.dump(1);
      }
      content[fs::relative(entry.path(), out).string()] = text;
    }
  }
  content["summary.csv"] = read_file(out + "/summary.csv");
  for (const Grade& g : Gradebook(out + "/grades.db").all()) {
    content[g.student + " " + g.exercise] =
        g.status + " " + std::to_string(g.points) + " " + g.source_sha256 + g.fingerprint;
  }
  return content;
}

// ---- the whole course ---------------------------------------------------------------------------

using WholeClass = test::CourseTest;

// All exercises, three levels of students; 100 of them with `./pupil test --full`.
TEST_F(WholeClass, HasAllPointsSomeOrNoneAndIsNotGradedAgain) {
  const bool full = std::getenv("PUPIL_FULL") && std::string(std::getenv("PUPIL_FULL")) == "yes";
  const int students = full ? 100 : 6;
  test::hand_in(tree, files.path() + "/inbox", students);
  const GradeAllOptions options{.submissions = files.path() + "/inbox",
                                .out = files.path() + "/out"};
  const GradeAllReport report = grade_all(tree, options);
  EXPECT_EQ(report.students, std::size_t(students));
  EXPECT_EQ(report.graded, std::size_t(students) * tree.exercises().size());
  expect_contains(report.level, "landlock+seccomp");

  std::int64_t most = 0;
  for (const Exercise* e : tree.exercises()) most += e->max_points(true);
  const auto rows = parse_csv(read_file(options.out + "/summary.csv"), "summary.csv");
  ASSERT_EQ(rows.size(), std::size_t(students) + 1);
  for (int s = 0; s < students; ++s) {
    const std::int64_t total = std::stoll(rows[std::size_t(s) + 1].back());
    if (s % 3 == 0) EXPECT_EQ(total, most) << s;
    if (s % 3 == 1) EXPECT_TRUE(0 < total && total < most) << s << ": " << total;
    if (s % 3 == 2) EXPECT_EQ(total, 0) << s;
  }
  const GradeAllReport again = grade_all(tree, options);
  EXPECT_EQ(again.graded, 0u);
  EXPECT_EQ(again.kept, report.graded);
}

// ---- a course of two exercises ------------------------------------------------------------------

class SmallClass : public ::testing::Test {
 protected:
  SmallClass() : small({"04a", "09b"}), tree(small.course()) {}
  GradeAllOptions options(const std::string& out = "out") const {
    return {.submissions = small.path("inbox"), .out = small.path(out)};
  }
  const Exercise& exercise(const std::string& id) const { return tree.exercise(id); }
  void hand_in(const std::string& student, const std::string& id, const std::string& text) const {
    const std::string to = small.path("inbox/" + student + "/" + exercise(id).name);
    fs::create_directories(to);
    write_file(to + "/exercise.cc", text);
  }
  MarkedSource source(const std::string& id) const {
    const std::string path = exercise(id).path("exercise.cc");
    return {read_file(path), path};
  }

  SmallTree small;
  Course tree;
};

TEST_F(SmallClass, IsGradedTwiceAlikeApartFromTimesAndMemory) {
  test::hand_in(tree, small.path("inbox"), 4);
  const MarkedSource marked = source("04a");
  hand_in("s200", "04a", marked.mutant(marked.mutants()[0]));
  grade_all(tree, options("one"));
  fs::create_directories(small.path("two"));
  fs::copy_file(small.path("one/seed"), small.path("two/seed"));  // the same secret seed
  GradeAllOptions other = options("two");
  other.jobs = 3;
  grade_all(tree, other);
  const auto one = lasting(small.path("one")), two = lasting(small.path("two"));
  ASSERT_EQ(one.size(), 5u * (2 + 2 + 1) + 1);  // results, rows of the book, feedback; the summary
  for (const auto& [name, content] : one) EXPECT_EQ(two.at(name), content) << name;
}

TEST_F(SmallClass, IsNotGradedInASandboxThatIsTooWeak) {
  hand_in("s1", "09b", source("09b").solution());
  GradeAllOptions weak = options();
  weak.level = protocol::kSeccomp;
  expect_contains(input_error([&] { grade_all(tree, weak); }), "needs landlock+seccomp");
  weak.unsafe = true;
  EXPECT_EQ(grade_all(tree, weak).level, "seccomp");
}

TEST_F(SmallClass, HandsInNoLinkToTheSolution) {
  const Exercise& e = exercise("09b");
  fs::create_directories(small.path("inbox/file/" + e.name));
  fs::create_symlink(e.path("exercise.cc"), small.path("inbox/file/" + e.name + "/exercise.cc"));
  fs::create_directories(small.path("inbox/folder"));
  fs::create_directory_symlink(e.folder, small.path("inbox/folder/" + e.name));
  grade_all(tree, options());
  for (const char* student : {"file", "folder"}) {
    const Results r = read_results(small.path("out/results/") + student + "/09b.json");
    EXPECT_EQ(r.status, Status::kError);
    EXPECT_EQ(r.message, "no file was handed in");
  }
}

TEST_F(SmallClass, MayHaveNamesWithCommasAndQuotes) {
  hand_in("Müller, \"Ann\"", "09b", source("09b").solution());
  grade_all(tree, options());
  const auto rows = parse_csv(read_file(small.path("out/summary.csv")), "summary.csv");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].front(), "Müller, \"Ann\"");
  EXPECT_EQ(rows[1].back(), std::to_string(exercise("09b").max_points(true)));
}

TEST_F(SmallClass, ReadsOfHiddenChecksOnlyWhatTheyAreAboutAndOfNoSeed) {
  const Exercise& e = exercise("04a");
  std::string hidden, about;
  for (const CheckSpec& c : e.checks) {
    if (c.hidden) hidden = c.name, about = c.about;
  }
  ASSERT_FALSE(hidden.empty());
  const MarkedSource marked = source("04a");
  for (const Mutant& m : marked.mutants()) hand_in("s-" + m.name, "04a", marked.mutant(m));
  grade_all(tree, options());
  for (const Mutant& m : marked.mutants()) {
    const std::string feedback = read_file(small.path("out/feedback/s-" + m.name + ".txt"));
    expect_contains(feedback.substr(0, feedback.find("09b")), "hidden: " + about.substr(0, 20));
    EXPECT_EQ(feedback.find(hidden), std::string::npos) << feedback;
    EXPECT_EQ(feedback.find("seed"), std::string::npos) << feedback;
    if (m.fails == hidden) EXPECT_EQ(feedback.find(m.name), feedback.rfind(m.name));  // its header
  }
}

// ---- exports ------------------------------------------------------------------------------------

class Exports : public SmallClass {
 protected:
  void SetUp() override {
    test::hand_in(tree, small.path("inbox"), 3);
    hand_in("s103", "09b",
            "#include \"exercise.h\"\n#include <stdexcept>\n"
            "std::int32_t exercise::supervised_targets(std::int32_t*, const std::int32_t*,\n"
            "    const std::int32_t*, std::int64_t) { throw std::runtime_error(\"<\\x01&>\"); }\n");
    grade_all(tree, options());
    students = read_class(tree, options().out);
    ASSERT_EQ(students.size(), 4u);
  }
  std::vector<StudentResults> students;
};

TEST_F(Exports, HaveTheGradebooksTotals) {
  const Gradebook book(options().out + "/grades.db");
  const auto summary = parse_csv(read_file(options().out + "/summary.csv"), "summary.csv");
  for (std::size_t i = 0; i < students.size(); ++i) {
    const StudentResults& s = students[i];
    std::int64_t total = 0;
    for (const Exercise* e : tree.exercises()) total += book.get(s.student, e->id)->points;
    EXPECT_EQ(s.points(), total);
    EXPECT_EQ(summary[i + 1].back(), std::to_string(total));
    const json gradescope = json::parse(gradescope_json(tree, s));
    double sum = 0, most = 0;
    for (const json& test : gradescope.at("tests")) {
      sum += test.at("score").get<double>();
      most += test.at("max_score").get<double>();
    }
    EXPECT_EQ(sum, double(total));
    EXPECT_EQ(gradescope.at("score"), double(total));
    EXPECT_EQ(most, double(s.max_points()));
  }
}

TEST_F(Exports, FitTheSchemasOfResultsAndOfGradescope) {
  const auto results = schema("results.schema.json"), gradescope = schema("gradescope.schema.json");
  for (const StudentResults& s : students) {
    for (const Results& r : s.exercises) {
      const json written = json::parse(
          read_file(options().out + "/results/" + s.student + "/" + r.exercise + ".json"));
      EXPECT_EQ(results.faults(written), std::vector<std::string>()) << written.dump(1);
    }
    const json exported = json::parse(gradescope_json(tree, s));
    EXPECT_EQ(gradescope.faults(exported), std::vector<std::string>()) << exported.dump(1);
  }
  // The schemas do refuse.
  json wrong = json::parse(gradescope_json(tree, students[0]));
  wrong["tests"][0]["status"] = "great";
  wrong["points"] = 1;
  EXPECT_EQ(gradescope.faults(wrong).size(), 2u);
}

TEST_F(Exports, FitTheSchemaOfJunit) {
  for (const StudentResults& s : students) {
    const std::string xml = junit_xml(s);
    expect_contains(xml, "<testsuite name=\"04a\" tests=\"5\"");
    EXPECT_EQ(xml.find("one-class"), std::string::npos);  // hidden
    write_file(small.path(s.student + ".xml"), xml);
  }
  if (std::system("command -v xmllint >/dev/null") != 0) {
    GTEST_SKIP() << "xmllint is not installed (Debian: libxml2-utils)";
  }
  for (const StudentResults& s : students) {
    const Captured ran = run_captured({tool_path("xmllint"), "--noout", "--schema",
                                       schema_path("junit.xsd"), small.path(s.student + ".xml")},
                                      20);
    EXPECT_EQ(ran.ended.exit, 0) << ran.output;
  }
}

TEST_F(Exports, FillTheColumnOfAnLmsAndNothingElse) {
  const auto lms = parse_csv("Name,\"SIS, id\",HW\n\"a \"\"b\"\"\",s100,\nc,s101,7\nd,s9,5\n", "l");
  const LmsFill fill = fill_lms(lms, "SIS, id", "HW", students);
  EXPECT_EQ(fill.filled, 2u);
  EXPECT_EQ(fill.unmatched, (std::vector<std::string>{"s102", "s103"}));
  std::vector<CsvRow> expected = lms;
  for (std::size_t i : {0u, 1u}) {
    expected[i + 1].resize(3);
    expected[i + 1][2] = std::to_string(students[i].points());
  }
  EXPECT_EQ(fill.rows, expected);
  EXPECT_EQ(parse_csv(to_csv(fill.rows), "x"), fill.rows);
  expect_contains(input_error([&] { fill_lms(lms, "id", "HW", students); }), "no column \"id\"");
  expect_contains(statistics(tree, students), "value");
}

}  // namespace
}  // namespace pupil::course
