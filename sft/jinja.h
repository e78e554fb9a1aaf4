// A model folder's own chat template, rendered: the part of Jinja (jinja.palletsprojects.com) that
// chat templates need for messages without tools.
//
//   statements   for x in list [if condition] / else, if / elif / else, set x = ..., set x.y = ...
//                (x a namespace), generation (transformers' mark of what is supervised: ignored)
//   expressions  literals, lists, names, . and [ ], slices, + - * // % ~, comparisons, in, not,
//   and,
//                or, a if b else c, loop.index index0 first last length, the methods, filters and
//                tests of sft/jinja_values.h, namespace(...), raise_exception(...)
//
// It is strict: what it does not know is an error as soon as it would be computed, never skipped.
// It serves to find out whether a folder's template is one of ours (sft/folder_template.h); what
// models see is rendered by ours.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace pupil {

/// Throws InputError, with the line, for what is not understood, for what raise_exception says, and
/// for a rendering of more than a million steps or bytes. `names` is an object: the names that the
/// template can use.
std::string render_jinja(const std::string& source, const nlohmann::json& names);

}  // namespace pupil
