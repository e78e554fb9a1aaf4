// The trainer: the same bits again and with any number of threads, metrics, early stopping, what
// resuming says, and memory in the steady state. Kills are in resume_test.cc.
#include "sft/trainer.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <nlohmann/json.hpp>

#include "kernels/parallel.h"
#include "sft/start_model.h"
#include "sft/train_state.h"
#include "tensor/error.h"
#include "tests/training_run.h"

namespace pupil {
namespace {

using small::Folder;
using small::metrics_without_times;
using small::RunKind;
using small::TrainingRun;

constexpr RunKind kKinds[] = {RunKind::kPretrain, RunKind::kSft, RunKind::kLora};

std::vector<nlohmann::json> lines_of(const std::string& folder) {
  std::vector<nlohmann::json> lines;
  std::istringstream stream(read_file(folder + "/metrics.jsonl"));
  for (std::string line; std::getline(stream, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const InputError& e) {
    return e.what();
  }
  return "no InputError";
}

class Threads {  // as many as before, at the end
 public:
  ~Threads() { set_threads(before_); }

 private:
  int before_ = threads();
};

TEST(Training, LossesAndWeightsAreTheSameBitsAcrossRunsAndForAnyNumberOfThreads) {
  const Threads restore;
  for (const RunKind kind : kKinds) {
    for (const DType dtype : {DType::kFloat32, DType::kFloat64}) {
      set_threads(1);
      TrainingRun first(kind, "", dtype);
      const std::string start = first.bits();
      first.train();
      ASSERT_EQ(first.losses.size(), std::size_t(TrainingRun::kSteps));
      ASSERT_NE(first.bits(), start);
      for (const int n : {1, 2, 3}) {
        set_threads(n);
        TrainingRun again(kind, "", dtype);
        again.train();
        EXPECT_EQ(again.losses, first.losses) << name_of(kind) << ", " << n << " threads";
        EXPECT_TRUE(again.bits() == first.bits()) << name_of(kind) << ", " << n << " threads";
      }
    }
  }
}

// Shapes beyond one tile: 8 x 96 rows, a head in several chunks, rows of unequal length.
TEST(Training, WideStepsAreTheSameBitsForAnyNumberOfThreads) {
  const Threads restore;
  const auto train_with = [](int n, std::vector<double>& losses) {
    set_threads(n);
    GptConfig config{.vocab_size = 700, .context = 96, .n_layer = 2, .n_head = 4, .n_embd = 80};
    config.dropout = 0.1;
    Gpt gpt(config, 1);
    small::Random random(8);
    std::vector<Example> examples;
    for (int i = 0; i < 16; ++i) {
      examples.push_back(small::example(random, 96 - 5 * (i % 4), 0.8, 700));
    }
    TrainOptions options;
    options.steps = 3;
    options.schedule.peak = 0.01;
    TrainHooks hooks;
    hooks.batches = [&](std::int64_t) { return batches_of(examples, 8); };
    hooks.on_step = [&](std::int64_t, const StepResult& r, double, double) {
      losses.push_back(r.loss);
      losses.push_back(r.grad_norm);
    };
    train(gpt, gpt.parameters(), options, hooks);
    return hash_of_weights(gpt);
  };
  std::vector<double> one, two, five;
  const std::string weights = train_with(1, one);
  EXPECT_EQ(train_with(2, two), weights);
  EXPECT_EQ(train_with(5, five), weights);
  EXPECT_EQ(one, two);
  EXPECT_EQ(one, five);
}

TEST(Training, MetricsHoldALineForEveryStepAndEveryEvaluation) {
  const Folder folder;
  TrainingRun run(RunKind::kSft, folder.str());
  const TrainResult result = run.train();
  std::int64_t step = 0, evaluations = 0;
  for (const auto& line : lines_of(folder.str())) {
    if (line.contains("val_loss")) {
      EXPECT_EQ(line["step"], step);
      EXPECT_EQ(step % TrainingRun::kEvalEvery, 0);
      EXPECT_EQ(line["val_targets"], result.evaluation->n_targets);
      ++evaluations;
      continue;
    }
    EXPECT_EQ(line["step"], ++step);
    EXPECT_EQ(line["loss"], run.losses[std::size_t(step - 1)]);
    EXPECT_EQ(line["lr"], run.options.schedule.rate(step - 1));
    EXPECT_EQ(line["mask_share"], line["n_targets"].get<double>() / line["tokens"].get<double>());
    EXPECT_GT(line["tokens_per_s"], 0);
    EXPECT_EQ(line["grad_norm"].get<double>() > 0, line["n_targets"].get<int>() > 0);
  }
  EXPECT_EQ(step, TrainingRun::kSteps);
  EXPECT_EQ(evaluations, TrainingRun::kSteps / TrainingRun::kEvalEvery);
  EXPECT_EQ(lines_of(folder.str()).back()["val_loss"], result.evaluation->loss);
}

TEST(Resume, StoppedAfterAnyStepTheRunEndsInTheSameBits_B144) {
  for (const RunKind kind : kKinds) {
    const Folder whole;
    TrainingRun reference(kind, whole.str());
    reference.train();
    for (const std::int64_t at : {0, 1, 4, 5, 8, 13, 23}) {
      const Folder folder;
      TrainingRun stopped(kind, folder.str());
      stopped.hooks.interrupted = [&] { return std::int64_t(stopped.losses.size()) == at; };
      EXPECT_TRUE(stopped.train().interrupted);
      TrainingRun resumed(kind, folder.str());
      resumed.options.resume = true;
      const TrainResult result = resumed.train();
      EXPECT_EQ(result.resumed_at, at);
      EXPECT_NE(resumed.log.find("resumed at step " + std::to_string(at)), std::string::npos);
      EXPECT_EQ(std::int64_t(resumed.losses.size()), TrainingRun::kSteps - at);
      EXPECT_TRUE(resumed.bits() == reference.bits()) << name_of(kind) << ", step " << at;
      EXPECT_EQ(metrics_without_times(folder.str()), metrics_without_times(whole.str()));
    }
  }
}

TEST(Resume, DoesNotDependOnTheTypeOfTheSavedModel) {
  TrainingRun reference(RunKind::kSft);
  reference.train();
  const Folder folder;
  TrainingRun stopped(RunKind::kSft, folder.str());
  stopped.hooks.save_model = [&] {
    save_model(folder.str(), stopped.gpt, ModelFolder(), SaveType::kBF16);
  };
  stopped.hooks.interrupted = [&] { return stopped.losses.size() == 9; };
  stopped.train();
  TrainingRun resumed(RunKind::kSft, folder.str());
  resumed.options.resume = true;
  resumed.train();
  EXPECT_TRUE(resumed.bits() == reference.bits());
}

TEST(Resume, ACompleteRunTrainsNoStepAndSaysSo) {
  const Folder folder;
  TrainingRun run(RunKind::kSft, folder.str());
  const TrainResult first = run.train();
  const std::string metrics = read_file(folder / "metrics.jsonl");
  const std::string model = read_file(folder / "model.safetensors");
  const std::string state = read_file(folder / "state.safetensors");
  TrainingRun again(RunKind::kSft, folder.str());
  again.options.resume = true;
  const TrainResult second = again.train();
  EXPECT_NE(again.log.find("complete, no step is left"), std::string::npos) << again.log;
  EXPECT_TRUE(again.losses.empty());
  EXPECT_EQ(second.steps, first.steps);
  EXPECT_EQ(second.last.loss, first.last.loss);
  EXPECT_EQ(second.evaluation->loss, first.evaluation->loss);
  EXPECT_EQ(read_file(folder / "metrics.jsonl"), metrics);
  EXPECT_TRUE(read_file(folder / "model.safetensors") == model);
  EXPECT_TRUE(read_file(folder / "state.safetensors") == state);
}

TEST(Resume, WithoutAStateStartsFromTheBeginningAndSaysSo) {
  TrainingRun reference(RunKind::kPretrain);
  reference.train();
  const Folder folder;
  TrainingRun run(RunKind::kPretrain, folder.str());
  run.options.resume = true;
  const TrainResult result = run.train();
  EXPECT_FALSE(result.resumed_at);
  EXPECT_NE(run.log.find("starting from the beginning"), std::string::npos) << run.log;
  EXPECT_TRUE(run.bits() == reference.bits());
}

TEST(Resume, ANewRunInTheSameFolderForgetsTheOldState) {
  const Folder folder;
  TrainingRun(RunKind::kPretrain, folder.str()).train();
  TrainingRun fresh(RunKind::kSft, folder.str());
  fresh.hooks.on_step = [](std::int64_t step, const StepResult&, double, double) {
    if (step == 2) throw std::runtime_error("ends before its first save");
  };
  EXPECT_THROW(fresh.train(), std::runtime_error);
  TrainingRun resumed(RunKind::kSft, folder.str());
  resumed.options.resume = true;
  EXPECT_FALSE(resumed.train().resumed_at);
}

TEST(Resume, RefusesTheStateOfAnotherRunAndADamagedOneAndLoadsNoPartOfIt) {
  const Folder folder;
  TrainingRun(RunKind::kSft, folder.str()).train();
  const std::string state = folder / "state.safetensors", good = read_file(state);
  const auto resume = [&](const std::string& fingerprint) {
    TrainingRun run(RunKind::kSft, folder.str());
    run.options.resume = true;
    run.options.fingerprint = fingerprint;
    const std::string before = run.bits();
    const std::string message = message_of([&] { run.train(); });
    EXPECT_TRUE(run.bits() == before);
    return message;
  };
  EXPECT_NE(resume("another").find("belongs to a run with other data, model or settings"),
            std::string::npos);
  write_file(state, good.substr(0, good.size() / 2));
  EXPECT_NE(resume("sft").find(state), std::string::npos);
  const Tensor one = Tensor::zeros({1});
  write_safetensors(state, {{"weights", one}});
  EXPECT_NE(resume("sft").find("is not the state of a run"), std::string::npos);
  write_safetensors(state, {{"weights", one}, {"m", one}, {"v", one}},
                    {{"fingerprint", "sft"}, {"progress", R"({"steps": 3})"}});
  EXPECT_NE(resume("sft").find("weights is (1) f32, this run needs"), std::string::npos);
  write_safetensors(state, {{"weights", one}},
                    {{"fingerprint", "sft"}, {"progress", R"({"steps": -3})"}});
  EXPECT_NE(resume("sft").find("steps"), std::string::npos);
}

TEST(Resume, DropsMetricsBehindTheSaveAndHalfALine) {
  const Folder whole, folder;
  TrainingRun(RunKind::kSft, whole.str()).train();
  TrainingRun stopped(RunKind::kSft, folder.str());
  stopped.hooks.interrupted = [&] { return stopped.losses.size() == 7; };
  stopped.train();
  const std::string metrics = read_file(folder / "metrics.jsonl");
  write_file(folder / "metrics.jsonl",
             metrics + R"({"step":8,"loss":1,"tokens_per_s":1,"x":1})" + "\n{\"step\":9,\"lo");
  TrainingRun resumed(RunKind::kSft, folder.str());
  resumed.options.resume = true;
  resumed.train();
  EXPECT_EQ(metrics_without_times(folder.str()), metrics_without_times(whole.str()));
}

// Evaluations at steps 4, 8, 12, ... with given losses.
TrainResult early_stop_run(const std::string& out, std::int64_t stop_at, bool resume,
                           std::int64_t patience, std::string* log = nullptr) {
  static constexpr double kLosses[] = {3, 2, 2.5, 2.25, 1.5, 1.75};  // best: 4, 8, then 20
  TrainingRun run(RunKind::kSft, out);
  std::int64_t done = 0;
  run.options.patience = patience;
  run.options.resume = resume;
  run.hooks.on_step = [&](std::int64_t step, const StepResult&, double, double) { done = step; };
  run.hooks.evaluate = [&] { return Evaluation{kLosses[done / TrainingRun::kEvalEvery - 1], 10}; };
  run.hooks.interrupted = [&] { return done == stop_at; };
  const TrainResult result = run.train();
  if (log) *log = run.log;
  return result;
}

TEST(EarlyStopping, EndsTheRunAfterSoManyEvaluationsWithoutANewBest) {
  const TrainResult two = early_stop_run("", -1, false, 2);
  EXPECT_TRUE(two.stopped_early);
  EXPECT_EQ(two.steps, 16);
  EXPECT_EQ(two.evaluation->loss, 2.25);
  const TrainResult three = early_stop_run("", -1, false, 3);
  EXPECT_FALSE(three.stopped_early);
  EXPECT_EQ(three.steps, TrainingRun::kSteps);
}

TEST(Best, IsSavedAfterEveryEvaluationWithANewLowestLoss) {
  static constexpr double kLosses[] = {3, 2, 2.5, 2, 1.5, 1.75};  // at steps 4, 8, ... 24
  TrainingRun run(RunKind::kSft);
  std::int64_t done = 0;
  std::vector<std::int64_t> saved;
  run.hooks.on_step = [&](std::int64_t step, const StepResult&, double, double) { done = step; };
  run.hooks.evaluate = [&] { return Evaluation{kLosses[done / TrainingRun::kEvalEvery - 1], 10}; };
  run.hooks.save_best = [&] { saved.push_back(done); };
  const TrainResult result = run.train();
  EXPECT_EQ(saved, (std::vector<std::int64_t>{4, 8, 20}));
  EXPECT_EQ(result.best->loss, 1.5);
  EXPECT_EQ(result.best->step, 20);
}

TEST(Best, IsTheModelThatWasEvaluated) {
  const Folder folder;
  TrainingRun run(RunKind::kSft, "", DType::kFloat64);
  const auto count = run.hooks.on_step;
  run.hooks.on_step = [&](std::int64_t step, const StepResult& r, double lr, double seconds) {
    count(step, r, lr, seconds);
    if (step == 21) run.gpt.ln_f.weight.value().scale_(-3);  // the last model is not the best
  };
  run.hooks.save_best = [&] { save_model(folder.str(), run.gpt, ModelFolder(), SaveType::kF64); };
  const TrainResult result = run.train();
  ASSERT_GT(result.evaluation->loss, result.best->loss);
  TrainingRun best(RunKind::kSft, "", DType::kFloat64);
  best.gpt = load_model(folder.str(), DType::kFloat64).gpt;
  EXPECT_EQ(best.hooks.evaluate().loss, result.best->loss);
}

TEST(Best, AnEvaluationThatIsNotANumberIsNone) {
  TrainingRun run(RunKind::kSft);
  run.hooks.evaluate = [] { return Evaluation{NAN, 10}; };
  run.hooks.save_best = [] { ADD_FAILURE() << "NaN is no best loss"; };
  EXPECT_FALSE(run.train().best);
}

// Noise, the KL to the start and the pull to it: the start is that of the first process.
void penalise(TrainingRun& run) {
  run.options.step.neftune_alpha = 5;
  run.options.step.kl_weight = 0.5;
  run.options.step.l2_weight = 0.1;
}

TEST(Resume, WithNoiseAndPenaltiesTheRunEndsInTheSameBits) {
  for (const RunKind kind : {RunKind::kSft, RunKind::kLora}) {
    const Folder whole;
    TrainingRun reference(kind, whole.str()), plain(kind);
    penalise(reference);
    reference.train();
    plain.train();
    EXPECT_FALSE(reference.bits() == plain.bits());
    for (const std::int64_t at : {1, 7, 20}) {
      const Folder folder;
      TrainingRun stopped(kind, folder.str());
      penalise(stopped);
      stopped.hooks.interrupted = [&] { return std::int64_t(stopped.losses.size()) == at; };
      EXPECT_TRUE(stopped.train().interrupted);
      TrainingRun resumed(kind, folder.str());
      penalise(resumed);
      resumed.options.resume = true;
      resumed.train();
      EXPECT_TRUE(resumed.bits() == reference.bits()) << name_of(kind) << ", step " << at;
      EXPECT_EQ(metrics_without_times(folder.str()), metrics_without_times(whole.str()));
    }
    const auto lines = lines_of(whole.str());
    EXPECT_EQ(lines[0]["l2_to_start"], 0);
    EXPECT_GT(lines[0]["kl"], 0) << "dropout and noise set the model apart from its start";
    EXPECT_GT(lines[22]["l2_to_start"], 0);
  }
}

TEST(Penalties, KeepTheModelNearItsStart) {
  const auto distance_with = [](double kl, double l2) {
    TrainingRun run(RunKind::kSft);
    run.options.step.kl_weight = kl;
    run.options.step.l2_weight = l2;
    ParameterArena before(TrainingRun(RunKind::kSft).gpt.parameters());
    run.train();
    ParameterArena after(run.gpt.parameters());
    return StartModel(before).add_pull(after, 0);
  };
  const double free = distance_with(0, 0);
  EXPECT_LT(distance_with(0, 10), 0.5 * free);
  EXPECT_LT(distance_with(20, 0), 0.9 * free);
}

TEST(EarlyStopping, RemembersBestAndWaitAcrossResume) {
  for (const std::int64_t at : {5, 8, 10, 12, 14}) {
    const Folder folder;
    EXPECT_TRUE(early_stop_run(folder.str(), at, false, 2).interrupted);
    const TrainResult result = early_stop_run(folder.str(), -1, true, 2);
    EXPECT_TRUE(result.stopped_early) << "interrupted after step " << at;
    EXPECT_EQ(result.steps, 16) << "interrupted after step " << at;
  }
}

TEST(EarlyStopping, AStoppedRunStaysStoppedUntilPatienceGrows) {
  const Folder folder;
  early_stop_run(folder.str(), -1, false, 2);
  std::string log;
  const TrainResult again = early_stop_run(folder.str(), -1, true, 2, &log);
  EXPECT_TRUE(again.stopped_early);
  EXPECT_EQ(again.steps, 16);
  EXPECT_NE(log.find("complete"), std::string::npos) << log;
  const TrainResult longer = early_stop_run(folder.str(), -1, true, 3);
  EXPECT_FALSE(longer.stopped_early);
  EXPECT_EQ(longer.steps, TrainingRun::kSteps);
}

TEST(Saving, TemporaryFilesOfDeadProcessesGoWhenARunStartsAndNoOthers) {
  const Folder folder;
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  ::waitpid(dead, nullptr, 0);
  const std::string stale = "model.safetensors.tmp." + std::to_string(dead);
  const std::string own = "state.safetensors.tmp." + std::to_string(::getpid());
  const std::string living = "model.safetensors.tmp." + std::to_string(::getppid());
  for (const std::string& name : {stale, own, living, std::string("notes.tmp.txt"),
                                  std::string("x.tmp."), std::string("y.tmp.12.bak")}) {
    write_file(folder / name, "x");
  }
  TrainingRun(RunKind::kSft, folder.str()).train();
  EXPECT_FALSE(file_exists(folder / stale));
  EXPECT_FALSE(file_exists(folder / own));
  EXPECT_EQ(folder.names(".tmp.").size(), 4u);
}

TEST(Saving, ADivergedRunKeepsItsLastSave) {
  const Folder folder;
  TrainingRun run(RunKind::kSft, folder.str());
  run.hooks.on_step = [&](std::int64_t step, const StepResult&, double, double) {
    if (step == 8) run.gpt.ln_f.weight.value().fill_(NAN);
  };
  EXPECT_THROW(run.train(), GradientError);
  TrainingRun resumed(RunKind::kSft, folder.str());
  resumed.options.resume = true;
  EXPECT_EQ(resumed.train().resumed_at, 5);
  TrainingRun reference(RunKind::kSft);
  reference.train();
  EXPECT_TRUE(resumed.bits() == reference.bits());
}

// A step whose shapes have been seen takes no memory from the system, and so touches no new page.
TEST(Memory, NoStepTakesFreshBlocksInTheSteadyState) {
  for (const RunKind kind : kKinds) {
    TrainingRun run(kind);
    run.options.eval_every = 0;
    const std::vector<Batch> batches = run.hooks.batches(0);
    run.hooks.batches = [&](std::int64_t) { return batches; };
    std::vector<std::size_t> fresh;
    std::vector<long> faults;
    run.hooks.on_step = [&](std::int64_t, const StepResult&, double, double) {
      rusage usage{};
      ::getrusage(RUSAGE_SELF, &usage);
      fresh.push_back(memory_statistics().fresh);
      faults.push_back(usage.ru_minflt);
    };
    run.train();
    for (std::size_t step = 3; step < fresh.size(); ++step) {
      EXPECT_EQ(fresh[step], fresh[2]) << name_of(kind) << ", step " << step + 1;
    }
    RecordProperty(std::string("page_faults_a_step_") + name_of(kind),
                   std::to_string(double(faults.back() - faults[2]) / double(faults.size() - 3)));
  }
}

}  // namespace
}  // namespace pupil
