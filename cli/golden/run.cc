// `pupil golden`: finds the families in a folder, runs their cases, prints a row each.
#include "cli/golden/golden.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cli/golden/case.h"
#include "cli/golden/files.h"
#include "nn/file.h"
#include "tensor/error.h"

namespace pupil {
namespace {

using golden::Case;
using golden::Json;
using golden::Row;
using golden::Verdict;

struct Family {
  const char* name;
  /// Every folder of this family has one of these in it (a * stands for any folder's name).
  std::vector<const char*> marks;
  std::vector<Case> (*cases)(const std::string& dir);  ///< null: not built yet
};

const std::vector<Family>& families() {
  static const std::vector<Family> kFamilies{
      {"quant", {"case.0.safetensors"}, golden::quant_cases},
      {"ops", {"index.json"}, golden::ops_cases},
      {"optim", {"runs.json", "schedules.json", "clip.json"}, golden::optim_cases},
      {"sft", {"chatml.jsonl", "prompt_completion.jsonl"}, golden::sft_cases},
      {"align", {"pair_losses.jsonl", "policy_losses.jsonl"}, nullptr},
      {"gpt2", {"*/model"}, golden::gpt2_cases},
      {"lora", {"*/adapter"}, golden::lora_cases},
      {"sampling", {"cases.jsonl"}, golden::sampling_cases},
      {"bad", {"manifest.json"}, golden::bad_cases},
  };
  return kFamilies;
}

std::string known_families() {
  std::string list;
  for (const Family& f : families()) list += std::string(list.empty() ? "" : ", ") + f.name;
  return list;
}

const Family* by_name(const std::string& name) {
  for (const Family& f : families()) {
    if (name == f.name) return &f;
  }
  return nullptr;
}

bool exists(const std::string& path) { return file_exists(path) || folder_exists(path); }

bool has_mark(const std::string& dir, const std::string& mark) {
  if (!mark.starts_with("*/")) return exists(dir + "/" + mark);
  const std::vector<std::string> folders = golden::folders_in(dir);
  return std::any_of(folders.begin(), folders.end(), [&](const std::string& folder) {
    return exists(dir + "/" + folder + mark.substr(1));
  });
}

const Family* by_files(const std::string& dir) {
  for (const Family& f : families()) {
    const bool found = std::any_of(f.marks.begin(), f.marks.end(),
                                   [&](const char* mark) { return has_mark(dir, mark); });
    if (found) return &f;
  }
  return nullptr;
}

std::string last_name(const std::string& dir) {
  const auto end = dir.find_last_not_of('/');
  if (end == std::string::npos) return "";
  const auto begin = dir.find_last_of('/', end);
  const std::size_t first = begin == std::string::npos ? 0 : begin + 1;
  return dir.substr(first, end + 1 - first);
}

struct Found {
  const Family* family;
  std::string dir;
};

// The families in `dir`: itself, or its folders. A folder that nobody knows is not passed over.
std::vector<Found> find_families(const std::string& dir) {
  if (!folder_exists(dir)) throw InputError(dir + ": no such folder");
  if (const Family* family = by_files(dir)) return {{family, dir}};
  std::vector<Found> found;
  std::string unknown;
  for (const std::string& name : golden::folders_in(dir)) {
    const std::string path = dir + "/" + name;
    const Family* family = by_files(path);
    if (!family) family = by_name(name);
    if (family) {
      found.push_back({family, path});
    } else {
      unknown = path;
    }
  }
  if (found.empty()) {
    if (const Family* family = by_name(last_name(dir))) return {{family, dir}};
    throw InputError(
        fmt::format("{}: holds no reference values; expected one of the families {}, or their root",
                    dir, known_families()));
  }
  if (!unknown.empty()) {
    throw InputError(
        fmt::format("{}: no family of reference values; known are {}", unknown, known_families()));
  }
  return found;
}

std::vector<Found> choose(const std::string& dir, const std::vector<std::string>& wanted) {
  for (const std::string& name : wanted) {
    if (!by_name(name)) {
      throw UsageError(
          fmt::format("--families: \"{}\" is no family; known are {}", name, known_families()));
    }
  }
  const std::vector<Found> all = find_families(dir);
  if (wanted.empty()) return all;
  std::vector<Found> chosen;
  for (const std::string& name : wanted) {
    const auto it = std::find_if(all.begin(), all.end(),
                                 [&](const Found& f) { return f.family->name == name; });
    if (it == all.end()) throw InputError(fmt::format("{}: has no family {}", dir, name));
    chosen.push_back(*it);
  }
  return chosen;
}

std::vector<Case> cases_of(const Found& found) {
  std::vector<Case> cases;
  try {
    cases = found.family->cases(found.dir);
  } catch (const Json::exception& e) {
    throw InputError(fmt::format("{}: the list of cases cannot be read: {}", found.dir, e.what()));
  }
  if (cases.empty()) {
    throw InputError(
        fmt::format("{}: the family {} has no case there", found.dir, found.family->name));
  }
  return cases;
}

const char* name_of(Verdict verdict) {
  return verdict == Verdict::kPass      ? "PASS"
         : verdict == Verdict::kRefused ? "PASS (refused)"
                                        : "FAIL";
}

void print_table_row(const Row& row) {
  const auto error = [&](double e) { return row.compared ? fmt::format("{:.1e}", e) : "-"; };
  fmt::print("{:<9} {:<32} {:>8} {:>8}  {}\n", row.family, row.name, error(row.comparison.absolute),
             error(row.comparison.relative), name_of(row.verdict));
  if (!row.detail.empty()) fmt::print("          {}\n", row.detail);
}

void print_json_row(const Row& row) {
  const auto number = [&](double x) {
    return row.compared && std::isfinite(x) ? Json(x) : Json(nullptr);
  };
  Json json{{"family", row.family},
            {"case", row.name},
            {"abs_err", number(row.comparison.absolute)},
            {"rel_err", number(row.comparison.relative)},
            {"verdict", name_of(row.verdict)}};
  if (!row.detail.empty()) json["detail"] = row.detail;
  fmt::print("{}\n", json.dump());
}

void print_not_built(const char* family, bool json) {
  if (json) {
    fmt::print("{}\n",
               Json{{"family", family}, {"case", nullptr}, {"verdict", "NOT BUILT"}}.dump());
  } else {
    fmt::print("{:<9} {:<32} {:>8} {:>8}  NOT BUILT\n", family, "-", "-", "-");
  }
}

struct Tally {
  int passed = 0, refused = 0, failed = 0, not_built = 0;

  void count(Verdict verdict) {
    (verdict == Verdict::kPass ? passed : verdict == Verdict::kRefused ? refused : failed) += 1;
  }
  void print(bool json) const {
    if (json) {
      fmt::print("{}\n", Json{{"passed", passed},
                              {"refused", refused},
                              {"failed", failed},
                              {"families_not_built", not_built}}
                             .dump());
    } else {
      fmt::print("{} passed, {} refused by name, {} failed, {} families not built\n", passed,
                 refused, failed, not_built);
    }
  }
};

}  // namespace

int run_golden(const std::string& dir, const std::vector<std::string>& families, bool json) {
  const std::vector<Found> chosen = choose(dir, families);
  std::vector<std::vector<Case>> cases;  // all lists first: a folder that cannot be read stops here
  for (const Found& found : chosen) {
    cases.push_back(found.family->cases ? cases_of(found) : std::vector<Case>());
  }
  if (!json) {
    fmt::print("{:<9} {:<32} {:>8} {:>8}  verdict\n", "family", "case", "abs err", "rel err");
  }
  Tally tally;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (!chosen[i].family->cases) {
      tally.not_built += 1;
      print_not_built(chosen[i].family->name, json);
    }
    for (const Case& c : cases[i]) {
      const Row row = golden::run_case(c);
      tally.count(row.verdict);
      json ? print_json_row(row) : print_table_row(row);
    }
    std::fflush(stdout);
  }
  tally.print(json);
  return tally.failed + tally.not_built > 0 ? 1 : 0;
}

}  // namespace pupil
