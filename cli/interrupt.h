// Ctrl-C. Without a watch it ends the program at once, with status 130; a command that has
// something to save, or an answer to stop, watches for it and asks.
#pragma once

namespace pupil::cli {

/// The program's own answer to Ctrl-C, from the start on.
void end_on_interrupt();
/// From now on the first Ctrl-C only raises a flag (and lets a read of the terminal return); a
/// second one ends the program.
void watch_interrupt();
/// SIGTERM, with which schedulers and containers end a program, counts as Ctrl-C from here on.
void watch_termination();
/// True once Ctrl-C was pressed after watch_interrupt().
bool interrupt_requested();

}  // namespace pupil::cli
