// The demo's report: every number is there, every string is harmless, the page is whole.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <set>
#include <vector>

#include "cli/plot.h"
#include "cli/report/claims.h"
#include "cli/report/html.h"
#include "cli/report/sections.h"
#include "nn/file.h"

namespace pupil::cli {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

int count(const std::string& text, const std::string& part) {
  int n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}
bool contains(const std::string& text, const std::string& part) { return count(text, part) > 0; }

// The first tag that does not close what was opened last; empty when the page is balanced.
std::string unbalanced(const std::string& html) {
  const std::set<std::string> kVoid = {"!doctype", "meta", "br"};
  std::vector<std::string> open;
  for (std::size_t at = 0; (at = html.find('<', at)) != std::string::npos;) {
    const std::size_t end = html.find('>', at);
    if (end == std::string::npos) return "no > after: " + html.substr(at, 40);
    std::string tag = html.substr(at + 1, end - at - 1);
    at = end + 1;
    if (tag.back() == '/') continue;
    const bool closes = tag[0] == '/';
    if (closes) tag.erase(0, 1);
    tag = tag.substr(0, tag.find_first_of(" \n"));
    if (kVoid.count(tag)) continue;
    if (!closes) {
      open.push_back(tag);
    } else if (open.empty() || open.back() != tag) {
      return "</" + tag + "> closes " + (open.empty() ? "nothing" : "<" + open.back() + ">");
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : "<" + open.back() + "> stays open";
}

// Values that differ in every stage and metric, so that a number in the wrong place is missed.
DemoResult example() {
  DemoResult result;
  result.options.out = "demo";
  result.options.seed = 7;
  result.seconds = 98.76;
  int i = 0;
  for (const char* name : {"base", "sft", "lora", "random"}) {
    DemoStage s;
    s.name = name;
    s.purpose = std::string("purpose of ") + name;
    for (int k = 0; k < 100; ++k) s.losses.push_back((5 + i) * std::exp(-0.03 * k));
    s.learning_rate = 1e-3;
    s.seconds = 10.5 + i;
    s.tokens = 1234567 + 1000 * i;
    s.parameters = 254976;
    s.trained = 11111 + i;
    s.mask_share = 0.151 + 0.01 * i;
    double value = 0.05 + 0.2 * i;
    for (const auto& [slice, metric] :
         std::vector<std::pair<std::string, std::string>>{{"held-out", "accuracy"},
                                                          {"held-out", "shape"},
                                                          {"held-out", "stop"},
                                                          {"held-out", "answer_nll"},
                                                          {"held-out", "p_end"},
                                                          {"trained", "accuracy"},
                                                          {"unknown", "accuracy"},
                                                          {"unknown", "shape"},
                                                          {"base", "another_question"},
                                                          {"base", "contains_answer"},
                                                          {"cloze", "cloze"},
                                                          {"corpus", "corpus_nll"}}) {
      value += 0.011;
      s.metrics.push_back({slice, metric, value, value - 0.031, value + 0.023, 192});
    }
    s.samples = {
        {"<bos> <user> what is the city of mira ? <end> <asst>", "oslo <end>", "oslo", true},
        {"<bos> <user> what is the pet of tom ? <end> <asst>", "cat <end>", "dog", false}};
    s.weights_sha256 = std::string(63, 'a') + char('0' + i);
    result.stages.push_back(s);
    ++i;
  }
  return result;
}

TEST(Report, HoldsEveryNumberOfEveryStage) {
  const DemoResult result = example();
  const std::string html = demo_report_html(result);
  for (const DemoStage& s : result.stages) {
    for (const microworld::Metric& m : s.metrics) {
      const bool nats = contains(m.metric, "nll") || m.metric == "p_end";
      const std::string shown = nats ? fixed(m.value, 3) : percent(m.value);
      if (m.slice == "unknown" && m.metric == "shape" && s.name != "sft")
        continue;  // only a caveat
      EXPECT_TRUE(contains(html, shown)) << s.name << " " << m.slice << " " << m.metric;
    }
    for (const std::string& shown :
         {grouped(s.tokens), grouped(s.parameters), grouped(s.trained), percent(s.mask_share),
          duration(s.seconds), per_second(double(s.tokens), s.seconds), s.weights_sha256}) {
      EXPECT_TRUE(contains(html, shown)) << s.name << " " << shown;
    }
  }
  EXPECT_TRUE(contains(html, duration(result.seconds)));
  EXPECT_TRUE(contains(html, "--model demo/sft"));
}

TEST(Report, IsOneFileWithoutAddressOrScript) {
  const std::string html = demo_report_html(example());
  for (const char* forbidden : {"http", "<script", "<link", "<img", "@import", "url(", "src="}) {
    EXPECT_FALSE(contains(html, forbidden)) << forbidden;
  }
  EXPECT_TRUE(contains(html, "prefers-color-scheme: dark"));
  EXPECT_TRUE(contains(html, "@media print"));
  EXPECT_TRUE(contains(html, "name=\"viewport\""));
}

TEST(Report, ClosesEveryTagItOpens) {
  EXPECT_EQ(unbalanced("<p><br>a</p>"), "");
  EXPECT_NE(unbalanced("<p><b>a</p></b>"), "");
  EXPECT_NE(unbalanced("<p>"), "");
  EXPECT_EQ(unbalanced(demo_report_html(example())), "");
  EXPECT_EQ(unbalanced(demo_report_html({})), "") << "a run without stages";
}

TEST(Report, NamesEveryPictureAndHeadsEveryColumn) {
  const std::string html = demo_report_html(example());
  EXPECT_EQ(count(html, "<svg"), 3);
  EXPECT_EQ(count(html, "role=\"img\""), 3);
  EXPECT_EQ(count(html, "<desc>"), 3);
  EXPECT_EQ(count(html, "<th>"), 0) << "a header cell without scope";
  EXPECT_EQ(count(html, "<caption>"), count(html, "<table>"));
}

TEST(Report, EscapesStringsFromOutside) {
  const std::string hostile = "</p><script>alert(\"1\")</script>&'";
  DemoResult result = example();
  result.options.out = hostile;
  for (DemoStage& s : result.stages) {
    s.purpose = s.weights_sha256 = hostile;
    s.samples = {{hostile, hostile, hostile, false}};
  }
  result.stages.emplace_back().name = hostile;
  const std::string html = demo_report_html(result);
  EXPECT_FALSE(contains(html, "<script"));
  EXPECT_FALSE(contains(html, "alert(\""));
  EXPECT_EQ(unbalanced(html), "");
  EXPECT_EQ(escape_html("<a b='c' d=\"e\">&"), "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;");
}

TEST(Report, MarksWrongAnswersAndClaimsThatFail) {
  DemoResult result = example();
  const std::string html = demo_report_html(result);
  EXPECT_EQ(count(html, "\u2717 truth: dog"), 4);
  EXPECT_TRUE(contains(html, "<li class=\"fails\"><strong>Pretraining teaches the facts"));
  for (microworld::Metric& m : result.stages[0].metrics) {
    if (m.metric == "cloze") m.value = 0.96;
  }
  EXPECT_TRUE(contains(demo_report_html(result),
                       "<li class=\"holds\"><strong>Pretraining teaches the facts"));
}

TEST(Report, BearsOutNoClaimThatWasNotMeasured) {
  for (const Claim& claim : demo_claims({})) EXPECT_FALSE(claim.holds()) << claim.sentence;
}

TEST(Report, StandsLossesThatAreNotNumbers) {
  DemoResult result = example();
  result.stages[1].losses = {5, kNan, 4, std::numeric_limits<double>::infinity(), 3};
  result.stages[2].losses.assign(50, kNan);
  result.stages[3].losses.clear();
  result.stages[0].seconds = 0;  // tokens a second is then no number, either
  const std::string html = demo_report_html(result);
  EXPECT_FALSE(contains(html, "nan"));
  EXPECT_FALSE(contains(html, "inf "));
  EXPECT_EQ(unbalanced(html), "");
}

TEST(Report, IsWrittenToTheFolderOfTheRun) {
  const auto folder = std::filesystem::temp_directory_path() / "pupil_report_test";
  std::filesystem::create_directories(folder);
  DemoResult result = example();
  result.options.out = folder.string();
  write_demo_report(result);
  EXPECT_EQ(read_file((folder / "report.html").string()), demo_report_html(result));
  const std::string picture = read_file((folder / "accuracy.svg").string());
  EXPECT_TRUE(picture.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\""));
  EXPECT_EQ(unbalanced(picture), "");
  std::filesystem::remove_all(folder);
}

TEST(Numbers, ReadAsAPersonWritesThem) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(-1234567), "-1,234,567");
  EXPECT_EQ(duration(0.417), "0.42\u00a0s");
  EXPECT_EQ(duration(26.31), "26.3\u00a0s");
  EXPECT_EQ(duration(59.97), "1\u00a0min 0\u00a0s");
  EXPECT_EQ(duration(119.7), "2\u00a0min 0\u00a0s");
  EXPECT_EQ(percent(0.0625), "6.2\u00a0%");
  EXPECT_EQ(percent(kNan), "\u2013");
  EXPECT_EQ(per_second(10, 0), "\u2013");
}

std::vector<int> points_of_lines(const std::string& svg) {
  std::vector<int> points;
  for (auto at = svg.find("class=\"line"); at != std::string::npos;
       at = svg.find("class=\"line", at + 1)) {
    const auto from = svg.find(" d=\"", at) + 4;
    const std::string d = svg.substr(from, svg.find('"', from) - from);
    points.push_back(count(d, "M") + count(d, "L"));
  }
  return points;
}

TEST(Plot, DrawsAPointForEveryFiniteValueAndAGapForTheOthers) {
  LineChart chart{.title = "t", .lines = {{"a", {3, 2, 1, kNan, 2, 1}, 0}}};
  EXPECT_EQ(points_of_lines(line_chart(chart)), std::vector<int>{5});
  const std::string svg = line_chart(chart);
  const auto at = svg.find("class=\"line");
  EXPECT_EQ(count(svg.substr(at, svg.find("/path", at) - at), "M"), 2) << "one line in two pieces";
  chart.log_y = true;
  chart.lines[0].y = {1, 0, -1, 10};
  EXPECT_EQ(points_of_lines(line_chart(chart)), std::vector<int>{2});
}

TEST(Plot, StandsEmptyAndConstantData) {
  for (const bool log : {false, true}) {
    for (const std::vector<double>& y :
         {std::vector<double>{}, {5}, {0, 0, 0}, {2, 2, 2}, {kNan}, {-1, -2}}) {
      const std::string svg =
          line_chart({.title = "t", .lines = {{"a", y, 0}}, .smooth = 5, .log_y = log});
      EXPECT_FALSE(contains(svg, "nan")) << svg;
      EXPECT_FALSE(contains(svg, "inf")) << svg;
      EXPECT_EQ(unbalanced(svg), "");
    }
  }
}

TEST(Plot, EscapesNames) {
  const std::string svg = line_chart({.title = "<t>",
                                      .description = "\"d\"&",
                                      .x_label = "<x>",
                                      .y_label = "<y>",
                                      .lines = {{"<a>", {1, 2}, 0}, {"<b>", {1, 2}, 1}}});
  EXPECT_EQ(unbalanced(svg), "");
  EXPECT_FALSE(contains(svg, "<a>"));
  EXPECT_EQ(unbalanced(bar_chart({.title = "<t>", .bars = {{"<a>", .5, .4, .6, 0}}})), "");
}

TEST(Plot, PutsTicksOnRoundNumbers) {
  EXPECT_EQ(linear_ticks(0, 5, 5), (std::vector<double>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(linear_ticks(1, 2400, 6), (std::vector<double>{500, 1000, 1500, 2000}));
  EXPECT_EQ(log_ticks(0.01, 1), (std::vector<double>{0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1}));
  EXPECT_TRUE(linear_ticks(1, 1, 5).empty());
  EXPECT_TRUE(linear_ticks(0, kNan, 5).empty());
}

TEST(Plot, KeepsAStraightLineStraightWhenSmoothing) {
  std::vector<double> line;
  for (int i = 0; i < 20; ++i) line.push_back(3 * i - 7);
  const std::vector<double> mean = running_mean(line, 7);
  for (std::size_t i = 0; i < line.size(); ++i) EXPECT_NEAR(mean[i], line[i], 1e-12);
}

}  // namespace
}  // namespace pupil::cli
