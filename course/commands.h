// The course's commands, as cli/commands.h has those of the engine.
#pragma once
#include "cli/options.h"

namespace pupil::course {

cli::Command learn_command();
cli::Command check_command();
cli::Command hint_command();
cli::Command explain_command();
cli::Command solution_command();
cli::Command diff_command();
cli::Command reset_command();
cli::Command undo_command();
cli::Command list_command();
cli::Command status_command();
cli::Command goto_command();
cli::Command mine_command();
cli::Command verify_command();
cli::Command submit_command();
cli::Command doctor_command();
cli::Command lesson_command();
cli::Command book_command();
cli::Command read_command();
cli::Command quiz_command();
cli::Command match_command();
cli::Command classify_command();
cli::Command cards_command();
cli::Command notes_command();
cli::Command staff_command();

}  // namespace pupil::course
