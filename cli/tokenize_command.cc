#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/number_list.h"
#include "nn/strict_json.h"
#include "sft/tokenizer.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

struct Settings {
  std::string tokenizer;
  bool decode = false, specials = false;
};

nlohmann::json parse_line(const std::string& line, long number) {
  try {
    return parse_strict(line);
  } catch (const JsonFault& fault) {
    throw InputError(
        fmt::format("standard input line {} byte {}: {}; expected JSON, one value a line", number,
                    fault.at, fault.reason));
  }
}

// A JSON array; without --json also "1 2 3" and "1,2,3", as people type them.
std::vector<std::int32_t> ids_of(std::string line, long number, bool json_only) {
  if (!json_only && !line.starts_with('[')) {
    line = fmt::format("[{}]", fmt::join(split_numbers(line), ","));
  }
  const nlohmann::json json = parse_line(line, number);
  const auto fail = [&] {
    throw InputError(fmt::format("standard input line {}: token ids are needed, as [1, 2, 3]{}",
                                 number, json_only ? "" : " or 1 2 3"));
  };
  if (!json.is_array()) fail();
  std::vector<std::int32_t> ids;
  for (const auto& id : json) {
    if (!id.is_number_integer() || id.get<double>() < 0 || id.get<double>() > INT32_MAX) fail();
    ids.push_back(id.get<std::int32_t>());
  }
  return ids;
}

std::string text_of(const std::string& line, long number, bool json) {
  if (!json) return line;
  const nlohmann::json value = parse_line(line, number);
  if (!value.is_string()) {
    throw InputError(fmt::format("standard input line {}: a JSON string is needed", number));
  }
  return value.get<std::string>();
}

int tokenize(const Settings& s, const Common& common) {
  const Tokenizer tokenizer = load_tokenizer(s.tokenizer);
  std::string line;
  for (long number = 1; std::getline(std::cin, line); ++number) {
    if (s.decode) {
      fmt::print("{}\n",
                 nlohmann::json(tokenizer.decode(ids_of(line, number, common.json))).dump());
    } else {
      const std::string text = text_of(line, number, common.json);
      const auto ids = s.specials ? tokenizer.encode_with_specials(text) : tokenizer.encode(text);
      fmt::print("{}\n", nlohmann::json(ids).dump());
    }
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

Command tokenize_command() {
  return {"tokenize", "Lines of standard input to token ids, or back.",
          "echo \"what is the city of mira ?\" | ./pupil tokenize --tokenizer demo/sft",
          [](Options& options, const Common& common) -> std::function<int()> {
            auto s = std::make_shared<Settings>();
            options
                .text("--tokenizer", s->tokenizer,
                      "folder with tokenizer.json, or with vocab.json and merges.txt", "DIR")
                .required();
            options
                .flag("--decode", s->decode, "lists of ids, as [1, 2, 3] or 1 2 3, to JSON strings")
                .flag("--specials", s->specials, "names of special tokens in the text become them");
            return [s, &common] { return tokenize(*s, common); };
          }};
}

}  // namespace pupil::cli
