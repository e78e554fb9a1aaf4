#include <memory>

#include "cli/commands.h"
#include "cli/sft_run.h"

namespace pupil::cli {

Command sft_command() {
  return {"sft", "Supervised fine-tuning: train a model, or an adapter on it, on records.",
          "./pupil sft --model tests/golden/gpt2/b/model --data tests/golden/gpt2/b/batch.jsonl "
          "--steps 2 "
          "--out build/tuned",
          [](Options& options, const Common& common) -> std::function<int()> {
            auto s = std::make_shared<SftSettings>();
            s->declare(options);
            return [s, &options, &common] {
              s->check(options);
              return run_sft(*s, common);
            };
          }};
}

}  // namespace pupil::cli
