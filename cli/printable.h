// Text from files on its way to a terminal.
#pragma once
#include <string>

namespace pupil::cli {

/// `text` with every control character but the line break as "\x1b": a name in a file must not
/// move the cursor or colour the screen.
std::string printable(const std::string& text);

}  // namespace pupil::cli
