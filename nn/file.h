// Files: whole, or not at all.
#pragma once
#include <string>
#include <string_view>

namespace pupil {

/// The whole file. Throws InputError naming the path and the reason.
std::string read_file(const std::string& path);
/// Writes a temporary file beside `path`, flushes it to the disk, and renames it: a reader sees the old
/// file or the new one. Throws InputError naming the path and the reason (a full disk, say).
void write_file(const std::string& path, std::string_view content);
/// Makes the folder and its parents. Throws InputError.
void make_folder(const std::string& path);
bool file_exists(const std::string& path);
bool folder_exists(const std::string& path);
/// Hex SHA-256 of a file's bytes or of a text.
std::string sha256_of_file(const std::string& path);
std::string sha256(std::string_view text);

}  // namespace pupil
