#include "cli/commands.h"
#include "course/commands.h"

int main(int argc, char** argv) {
  using namespace pupil::cli;
  using namespace pupil::course;
  return run(argc, argv, {demo_command(),     pretrain_command(),
                          sft_command(),      score_command(),
                          grads_command(),    generate_command(),
                          chat_command(),     eval_command(),
                          tokenize_command(), train_tokenizer_command(),
                          render_command(),   merge_command(),
                          inspect_command(),  gradcheck_command(),
                          golden_command(),   bench_command(),
                          learn_command(),    check_command(),
                          hint_command(),     explain_command(),
                          solution_command(), diff_command(),
                          reset_command(),    undo_command(),
                          list_command(),     status_command(),
                          goto_command(),     mine_command(),
                          verify_command(),   submit_command(),
                          doctor_command(),   lesson_command(),
                          book_command(),     read_command(),
                          quiz_command(),     match_command(),
                          classify_command(), cards_command(),
                          notes_command(),    staff_command()});
}
