#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/inspect.h"
#include "cli/printable.h"
#include "nn/file.h"
#include "nn/strict_json.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

void print_text(const nlohmann::ordered_json& report) {
  for (const auto& [key, value] : report.items()) {
    if (key == "tensors") {
      fmt::print("{:<52} {:<6} {:<18} {:>12}\n", "tensor", "type", "shape", "numbers");
      for (const auto& t : value) {
        fmt::print("{:<52} {:<6} {:<18} {:>12}\n", printable(t["name"].get<std::string>()),
                   t["dtype"].get<std::string>(), t["shape"].dump(), t["numbers"].dump());
      }
    } else if (key == "warnings") {
      for (const auto& w : value) fmt::print("warning: {}\n", printable(w.get<std::string>()));
    } else if (value.is_object()) {
      fmt::print("{}\n", key);
      for (const auto& [name, inner] : value.items()) {
        fmt::print("  {:<24} {}\n", name,
                   inner.is_string() ? inner.get<std::string>() : inner.dump());
      }
    } else {
      fmt::print("{:<26} {}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
}

}  // namespace

Command inspect_command() {
  return {"inspect", "What is in a model, adapter, safetensors file, data set or run.",
          "./pupil inspect tests/golden/gpt2/b/model",
          [](Options& options, const Common& common) -> std::function<int()> {
            auto s = std::make_shared<RecordsInspection>();
            options.text("PATH", s->data.data, "folder or file").required();
            options.text("--tokenizer", s->tokenizer, "for records: folder with tokenizer.json",
                         "DIR");
            options.text("--model", s->model,
                         "for records: its tokenizer, and its context as --max-length", "DIR");
            s->data.declare_rendering(options, "the context of --model; without it no limit");
            s->batches.declare_packing(options);
            return [s, &common] {
              const nlohmann::ordered_json report = inspect_path(*s);
              if (common.json) {
                fmt::print("{}\n", json_text(report));
              } else {
                print_text(report);
              }
              return 0;
            };
          }};
}

}  // namespace pupil::cli
