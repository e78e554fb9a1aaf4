#include "sft/train_state.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "nn/file.h"
#include "nn/json_fields.h"
#include "nn/safetensors.h"
#include "tensor/error.h"

namespace pupil {
namespace {

std::string state_path(const std::string& folder) { return folder + "/state.safetensors"; }

}  // namespace

void save_state(const std::string& folder, const ParameterArena& arena, const AdamW& optimizer,
                const std::string& fingerprint) {
  const bool f64 = arena.values().dtype() == DType::kFloat64;
  write_safetensors(state_path(folder),
                    {{"weights", arena.values()}, {"m", optimizer.m}, {"v", optimizer.v}},
                    {{"steps", std::to_string(optimizer.steps)}, {"fingerprint", fingerprint}},
                    f64 ? SaveType::kF64 : SaveType::kF32);
}

std::optional<std::int64_t> load_state(const std::string& folder, ParameterArena& arena,
                                       AdamW& optimizer, const std::string& fingerprint) {
  const std::string path = state_path(folder);
  if (!file_exists(path)) return std::nullopt;
  const SafetensorsFile file(path);
  const auto& metadata = file.metadata();
  const auto saved = metadata.find("fingerprint");
  const auto steps = metadata.find("steps");
  if (saved == metadata.end() || steps == metadata.end()) {
    throw InputError(fmt::format("{}: is not the state of a run", path));
  }
  if (saved->second != fingerprint) {
    throw InputError(
        fmt::format("{}: belongs to a run with other data, model or settings; resume with "
                    "the same ones, or choose another --out",
                    path));
  }
  const auto restore = [&](const char* name, Tensor to) {
    const Tensor value = file.read(name, to.dtype());
    if (value.shape() != to.shape()) {
      throw InputError(
          fmt::format("{}: {} is {}, this run needs {}", path, name, value.str(), to.str()));
    }
    to.copy_(value);
  };
  restore("weights", arena.values());
  restore("m", optimizer.m);
  restore("v", optimizer.v);
  optimizer.steps = std::strtoll(steps->second.c_str(), nullptr, 10);
  return optimizer.steps;
}

MetricsFile::MetricsFile(const std::string& folder, std::optional<std::int64_t> resumed_at)
    : path_(folder + "/metrics.jsonl") {
  std::string kept;
  if (resumed_at && file_exists(path_)) {
    // A kill can leave steps behind the save, and half a line.
    const std::string content = read_file(path_);
    std::size_t begin = 0;
    for (std::size_t end; (end = content.find('\n', begin)) != std::string::npos; begin = end + 1) {
      const std::string text = content.substr(begin, end - begin);
      const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
      const bool valid = json.is_object() && json.contains("step") && json["step"].is_number();
      if (valid && json["step"].get<std::int64_t>() <= *resumed_at) kept += text + "\n";
    }
  }
  write_file(path_, kept);
  fd_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd_ < 0) throw InputError(fmt::format("{}: cannot open: {}", path_, std::strerror(errno)));
}

MetricsFile::~MetricsFile() {
  if (fd_ >= 0) ::close(fd_);
}

void MetricsFile::line(const std::string& json) {
  const std::string text = json + "\n";
  if (::write(fd_, text.data(), text.size()) != ssize_t(text.size())) {
    throw InputError(
        fmt::format("{}: cannot write: {}; the last save is intact, free some space and "
                    "run again with --resume",
                    path_, std::strerror(errno)));
  }
}

}  // namespace pupil
