#include "course/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "nn/strict_json.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchema = 1;
constexpr std::array<const char*, 7> kNames = {"pass",    "fail",    "error",   "crash",
                                               "timeout", "skipped", "not_done"};

// JSON has no NaN and no infinity: they are texts here.
Json number(double x) {
  if (std::isfinite(x)) return x;
  return std::isnan(x) ? "nan" : x > 0 ? "inf" : "-inf";
}
double number_of(const Json& json) {
  if (json.is_number()) return json.get<double>();
  if (json == "nan") return std::nan("");
  return json == "inf" ? HUGE_VAL : -HUGE_VAL;
}

// What a student's program prints may be anything; JSON is UTF-8.
std::string ascii(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    out += code < 128 ? std::string(1, c) : fmt::format("\\x{:02x}", code);
  }
  return out;
}

Json to_json(const CheckResult& c) {
  Json json = {{"name", c.name},      {"status", status_name(c.status)},
               {"points", c.points},  {"max_points", c.max_points},
               {"hidden", c.hidden},  {"seed", c.seed},
               {"case", c.described}, {"diagnosis", Json::array()}};
  for (const Diagnosis& d : c.diagnosis) {
    json["diagnosis"].push_back(
        {{"key", d.key}, {"certainty", d.certainty}, {"text", ascii(d.text)}});
  }
  if (c.compared) {
    json["worst"] = {{"tensor", c.worst.tensor},
                     {"index", c.worst.index},
                     {"got", number(c.worst.got)},
                     {"want", number(c.worst.want)},
                     {"error", number(c.worst.error)}};
    json["wrong"] = c.wrong;
    json["count"] = c.count;
    json["relative_norm"] = number(c.relative_norm);
  }
  json["tolerance"] = c.tolerance;
  json["text"] = ascii(c.text);
  return json;
}

CheckResult check_of(const Json& json) {
  CheckResult c{.name = json.at("name"), .status = status_of(json.at("status"))};
  c.points = json.at("points");
  c.max_points = json.at("max_points");
  c.hidden = json.at("hidden");
  c.seed = json.at("seed");
  c.described = json.at("case");
  for (const Json& d : json.at("diagnosis")) {
    c.diagnosis.push_back({d.at("key"), d.at("certainty"), d.at("text")});
  }
  c.compared = json.contains("worst");
  if (c.compared) {
    const Json& w = json["worst"];
    c.worst = {w.at("tensor"), w.at("index"), number_of(w.at("got")), number_of(w.at("want")),
               number_of(w.at("error"))};
    c.wrong = json.at("wrong");
    c.count = json.at("count");
    c.relative_norm = number_of(json.at("relative_norm"));
  }
  c.tolerance = json.at("tolerance");
  c.text = json.at("text");
  return c;
}

}  // namespace

const char* status_name(Status status) { return kNames[std::size_t(status)]; }

Status status_of(const std::string& name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) throw InputError(fmt::format("\"{}\" is no status of a check", name));
  return Status(found - kNames.begin());
}

void Results::sum_up(bool forbidden) {
  points = 0;
  bool ended_badly = forbidden;
  status = checks.empty() ? Status::kError : Status::kPass;
  // The gravest wins; what is skipped has its reason in another check.
  constexpr std::array kGravest = {Status::kError, Status::kCrash, Status::kTimeout, Status::kFail,
                                   Status::kNotDone};
  for (const Status grave : kGravest) {
    if (std::any_of(checks.begin(), checks.end(),
                    [&](const CheckResult& c) { return c.status == grave; })) {
      status = grave;
      break;
    }
  }
  for (const CheckResult& c : checks) {
    points += c.points;
    ended_badly |= c.status == Status::kCrash || c.status == Status::kTimeout;
  }
  if (!ended_badly) return;
  points = 0;
  for (CheckResult& c : checks) c.points = 0;
}

std::string to_json(const Results& r) {
  Json json = {{"schema", kSchema},
               {"tool", "pupil"},
               {"course", r.course},
               {"student", r.student},
               {"exercise", r.exercise},
               {"source_sha256", r.source_sha256},
               {"fingerprint", r.fingerprint},
               {"started", r.started},
               {"wall_ms", r.wall_ms},
               {"status", status_name(r.status)},
               {"points", r.points},
               {"max_points", r.max_points},
               {"message", ascii(r.message)},
               {"checks", Json::array()}};
  for (const CheckResult& c : r.checks) json["checks"].push_back(to_json(c));
  json["hidden"] = {{"count", r.hidden_count}, {"about", r.hidden_about}};
  json["worker"] = {{"exit", r.worker.exit},
                    {"signal", r.worker.signal},
                    {"cpu_ms", r.worker.cpu_ms},
                    {"max_rss_mb", r.worker.max_rss_mb},
                    {"truncated", r.worker.truncated},
                    {"sandbox", r.worker.level},
                    {"printed", ascii(r.worker.printed)}};
  return json.dump(2) + "\n";
}

std::string evidence_json(const std::vector<Evidence>& evidence) {
  Json list = Json::array();
  for (const Evidence& e : evidence) {
    Json got = Json::array(), want = Json::array();
    for (const double x : e.got) got.push_back(number(x));
    for (const double x : e.want) want.push_back(number(x));
    list.push_back({{"check", e.check},
                    {"tensor", e.tensor},
                    {"rows", e.rows},
                    {"width", e.width},
                    {"got", got},
                    {"want", want}});
  }
  return list.dump() + "\n";
}

std::vector<Evidence> read_evidence(const std::string& path) {
  std::vector<Evidence> list;
  try {
    for (const Json& json : read_json_file<Json>(path)) {
      Evidence e{json.at("check"), json.at("tensor"), json.at("rows"), json.at("width"), {}, {}};
      for (const Json& x : json.at("got")) e.got.push_back(number_of(x));
      for (const Json& x : json.at("want")) e.want.push_back(number_of(x));
      if (e.got.size() != e.want.size() || std::int64_t(e.got.size()) != e.rows * e.width) continue;
      list.push_back(e);
    }
  } catch (const nlohmann::json::exception& e) {
    throw InputError(fmt::format("{}: cannot be read: {}", path, e.what()));
  }
  return list;
}

Results read_results(const std::string& path) {
  const Json json = read_json_file<Json>(path);
  try {
    if (json.at("schema") != kSchema) {
      throw InputError(fmt::format("{}: schema {}; this program reads {}", path,
                                   json.at("schema").dump(), kSchema));
    }
    Results r{.course = json.at("course"),
              .student = json.at("student"),
              .exercise = json.at("exercise"),
              .source_sha256 = json.at("source_sha256"),
              .started = json.at("started"),
              .fingerprint = json.at("fingerprint")};
    r.wall_ms = json.at("wall_ms");
    r.status = status_of(json.at("status"));
    r.points = json.at("points");
    r.max_points = json.at("max_points");
    r.message = json.at("message");
    for (const Json& c : json.at("checks")) r.checks.push_back(check_of(c));
    r.hidden_count = json.at("hidden").at("count");
    r.hidden_about = json.at("hidden").at("about");
    const Json& w = json.at("worker");
    r.worker = {w.at("exit"),      w.at("signal"),  w.at("cpu_ms"), w.at("max_rss_mb"),
                w.at("truncated"), w.at("sandbox"), w.at("printed")};
    return r;
  } catch (const nlohmann::json::exception& e) {
    throw InputError(fmt::format("{}: is no results.json: {}", path, e.what()));
  }
}

}  // namespace pupil::course
