// What `pupil --help` and `pupil COMMAND --help` print.
#pragma once
#include <string>
#include <vector>

#include "cli/option_parser.h"

namespace pupil::cli {

/// All commands with their purpose.
std::string overview(const std::vector<Command>& commands);
/// Purpose, options with values, units and defaults, the common options, one example. The last
/// `n_common` of the options are those that every command has.
std::string command_help(const Command& command, const OptionParser& options, std::size_t n_common);

}  // namespace pupil::cli
