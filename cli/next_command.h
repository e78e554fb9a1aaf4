// What to type next: after a model was made, the command that uses it.
#pragma once
#include <string>
#include <string_view>

namespace pupil::cli {

struct Common;

/// "Next: ./pupil ARGUMENTS" on stderr, unless --quiet.
void suggest(const Common& common, const std::string& arguments);
/// `text` as one word of a shell's command line: quoted where it has to be.
std::string shell_word(std::string_view text);
/// The first words of a text, as a prompt: of its first line that has any, at most `longest` bytes,
/// no character cut in two.
std::string opening(std::string_view text, std::size_t longest);

}  // namespace pupil::cli
