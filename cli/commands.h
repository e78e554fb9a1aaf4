// The commands of the program, one function and one file each.
#pragma once
#include "cli/options.h"

namespace pupil::cli {

Command demo_command();
Command pretrain_command();
Command sft_command();
Command score_command();
Command grads_command();
Command generate_command();
Command chat_command();
Command eval_command();
Command tokenize_command();
Command train_tokenizer_command();
Command render_command();
Command merge_command();
Command inspect_command();
Command gradcheck_command();
Command golden_command();
Command bench_command();

}  // namespace pupil::cli
