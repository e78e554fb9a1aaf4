#include "cli/commands.h"

int main(int argc, char** argv) {
  using namespace pupil::cli;
  return run(argc, argv,
             {demo_command(), pretrain_command(), sft_command(), score_command(), grads_command(),
              generate_command(), chat_command(), eval_command(), tokenize_command(),
              train_tokenizer_command(), render_command(), merge_command(), inspect_command(),
              gradcheck_command(), golden_command(), bench_command()});
}
