// The Jinja of chat templates: renderings that Jinja2 gave (tests/interop/jinja_cases.py), what is
// refused by name, and bounds.
#include "sft/jinja.h"

#include "tests/text_files.h"

namespace pupil {
namespace {

using nlohmann::json;

TEST(Jinja, RendersAsJinja2Does) {
  std::ifstream file(std::string(PUPIL_SOURCE_DIR) + "/tests/jinja_cases.json");
  const json reference = json::parse(file);
  ASSERT_GE(reference["cases"].size(), 60u);
  for (const json& c : reference["cases"]) {
    const auto source = c["source"].get<std::string>();
    const json& names = reference["names"][c["names"].get<std::size_t>()];
    if (c.contains("refused")) {
      expect_contains(input_error([&] { render_jinja(source, names); }),
                      "the template refuses this");
      continue;
    }
    try {
      EXPECT_EQ(render_jinja(source, names), c["text"].get<std::string>()) << source;
    } catch (const InputError& error) {
      ADD_FAILURE() << error.what() << " in: " << source;
    }
  }
}

TEST(Jinja, WhatItDoesNotKnowIsNamedWithItsLine) {
  const json names = {{"text", "t"}, {"list", {1, 2}}};
  const std::pair<const char*, const char*> kCases[] = {
      {"a\n{{ text | tojson }}", "line 2: the filter tojson is not understood"},
      {"{{ strftime_now('%d') }}", "line 1: the function strftime_now is not understood"},
      {"{{ text.title() }}", "the method title is not understood"},
      {"{{ text is divisibleby }}", "\"is divisibleby\" is not understood"},
      {"{% macro f() %}{% endmacro %}", "the statement macro is not understood"},
      {"{{ 1 / 2 }}", "/ gives a fraction"},
      {"{{ 1.5 }}", "expected a name, got \"5\""},
      {"{{ list }}", "printing a value of type array is not understood"},
      {"{{ 'a' + 1 }}", "+ of a text and a value of type number"},
      {"{{ nothing.x }}", "[x] of an undefined value"},
      {"{{ list[::2] }}", "another step"},
      {"{% for x in text %}{% endfor %}", "for needs a list"},
      {"{% set text.x = 1 %}", "text is no namespace"},
      {"{{ 'a", "a string does not end"},
      {"{{ '\\x41' }}", "an escape other than"},
      {"{{ a", "a tag does not end"},
      {"{# a", "a comment {# does not end"},
      {"{{ a ! b }}", "byte 0x21"},
      {"{% if a %}", "expected {% endif %}"},
      {"{% endif %}", "belongs to nothing"},
      {"{% for %}", "expected a name"},
      {"{{ 7 % 0 }}", "% by zero"},
      {"{{ 12345678901 }}", "too large a number"},
  };
  for (const auto& [source, message] : kCases) {
    expect_contains(input_error([&, &source = source] { render_jinja(source, names); }), message);
  }
}

TEST(Jinja, ABranchThatIsNotTakenIsReadButNotComputed) {
  EXPECT_EQ(render_jinja("{% if tools %}{{ tools | tojson }}{% else %}none{% endif %}",
                         {{"tools", nullptr}}),
            "none");
  expect_contains(input_error([] { render_jinja("{% if false %}{{ a b }}{% endif %}", {}); }),
                  "\"b\" is not understood here");
}

TEST(Jinja, NoTemplateTakesMoreThanItsBounds) {
  const json names = {{"ten", json(std::vector<int>(10))}, {"text", std::string(1000, 'a')}};
  std::string loops = "x", ends;
  for (int i = 0; i < 8; ++i) loops = "{% for i in ten %}" + loops + "{% endfor %}";
  expect_contains(input_error([&] { render_jinja(loops, names); }), "too many steps");
  const std::string grow =
      "{% set ns = namespace(t=text) %}{% for i in ten %}{% for j in ten %}"
      "{% set ns.t = ns.t + ns.t %}{% endfor %}{% endfor %}";
  expect_contains(input_error([&] { render_jinja(grow, names); }), "too many steps");
  expect_contains(
      input_error([&] { render_jinja("{{ " + std::string(100'000, '(') + "1 }}", {}); }),
      "too deep");
  expect_contains(
      input_error([&] { render_jinja("{{ " + std::string(100'000, '-') + "1 }}", {}); }),
      "too deep");
  std::string ifs;
  for (int i = 0; i < 1000; ++i) ifs += "{% if true %}";
  expect_contains(input_error([&] { render_jinja(ifs, {}); }), "too deep");
}

}  // namespace
}  // namespace pupil
