#include "lessons/kit/pretrained.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>

#include "kernels/blas_core.h"
#include "kernels/isa.h"
#include "lessons/kit/cache_folder.h"
#include "microworld/vocabulary.h"
#include "nn/file.h"
#include "nn/model_folder.h"
#include "nn/sha256.h"
#include "sft/microworld_data.h"
#include "sft/trainer.h"
#include "tensor/error.h"

namespace pupil {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kRows = 32, kWarmup = 50, kSaveEvery = 200;
constexpr double kPeak = 3e-3;
constexpr int kFormat = 2;  // of the recipe below

// What only the chat template uses: the base never meets them.
constexpr std::array<std::int32_t, 3> kChatTokens = {microworld::kUser, microworld::kAsst,
                                                     microworld::kEnd};

// Two programs that need one model: the second waits and finds it done.
class CacheLock {
 public:
  explicit CacheLock(const std::string& path)
      : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (fd_ < 0) throw InputError(fmt::format("{}: cannot be opened for writing", path));
    while (::flock(fd_, LOCK_EX) != 0) {
    }
  }
  ~CacheLock() { ::close(fd_); }
  CacheLock(const CacheLock&) = delete;
  CacheLock& operator=(const CacheLock&) = delete;

 private:
  int fd_;
};

void show_progress(std::int64_t step, std::int64_t steps, double loss) {
  const bool terminal = ::isatty(STDERR_FILENO);
  if (terminal && step % 20 == 0) {
    fmt::print(stderr, "\rpretraining {}/{} steps, loss {:.3f} ", step, steps, loss);
  } else if (!terminal && step % 400 == 0) {
    fmt::print(stderr, "pretraining {}/{} steps, loss {:.3f}\n", step, steps, loss);
  }
  if (terminal && step == steps) fmt::print(stderr, "\r\x1b[K");
}

void train_base(const Pretraining& dose, const std::string& path) {
  const int before = ::getpriority(PRIO_PROCESS, 0);
  ::setpriority(PRIO_PROCESS, 0, 10);
  const microworld::World world(dose.seed);
  Gpt gpt(microworld_model(), dose.seed);
  const std::string partial = path + ".partial";
  make_folder(partial);
  TrainOptions options{.out = partial, .steps = dose.steps};
  options.schedule = {.kind = ScheduleKind::kCosine,
                      .peak = kPeak,
                      .steps = dose.steps,
                      .warmup = std::min<std::int64_t>(kWarmup, dose.steps / 10),
                      .min_ratio = 0.1};
  options.adamw = {.beta1 = 0.9, .beta2 = 0.99, .weight_decay = 0.01};
  options.save_every = kSaveEvery;
  options.resume = file_exists(partial + "/state.safetensors");
  options.fingerprint = fs::path(path).filename().string();
  if (options.resume) gpt = load_model(partial).gpt;
  ModelFolder folder;
  folder.bos_id = microworld::kBos;
  folder.eos_id = microworld::kEnd;
  folder.pad_id = microworld::kPad;
  TrainHooks hooks;
  hooks.batches = [&](std::int64_t number) {
    std::vector<Batch> step;
    step.push_back(document_batch(world, dose.seed, number, kRows));
    return step;
  };
  hooks.on_step = [&](std::int64_t step, const StepResult& r, double, double) {
    show_progress(step, dose.steps, r.loss);
  };
  hooks.save_model = [&] { save_model(partial, gpt, folder); };
  train(gpt, gpt.parameters(), options, hooks);
  remove_file(partial + "/state.safetensors");
  fs::remove_all(path);
  fs::rename(partial, path);
  ::setpriority(PRIO_PROCESS, 0, before);
}

std::string cache_path(const Pretraining& dose) {
  const GptConfig c = microworld_model();
  const std::string recipe = fmt::format(
      "{} seed {} steps {} rows {} warmup {} peak {} model {} {} {} {} {} isa {} blas {}", kFormat,
      dose.seed, dose.steps, kRows, kWarmup, kPeak, c.n_layer, c.n_head, c.n_embd, c.vocab_size,
      c.context, isa_name(active_isa()), blas_core_name());
  return fmt::format("{}/base-{}-{}-{}", cache_folder(), dose.steps, dose.seed,
                     sha256(recipe).substr(0, 12));
}

}  // namespace

Gpt BaseModel::load(ChatRows rows) const {
  Gpt gpt = load_model(path).gpt;
  if (rows == ChatRows::kFresh) gpt.renew_tokens(kChatTokens, seed);
  return gpt;
}

BaseModel pretrained(Lesson& lesson, const Pretraining& dose) {
  const std::string path = cache_path(dose);
  make_folder(cache_folder());
  const CacheLock lock(path + ".lock");
  const bool cached = file_exists(path + "/model.safetensors");
  if (!cached) train_base(dose, path);
  lesson.say(fmt::format("base model: {} steps of pretraining, seed {}, {}", dose.steps, dose.seed,
                         cached ? "from the cache" : "trained now and cached"));
  lesson.origin(cached ? Origin::kCached : Origin::kNow);
  return {path, dose.seed, cached};
}

}  // namespace pupil
