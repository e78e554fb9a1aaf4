// Where what takes long to compute is kept between runs: pretrained models, reports of lessons.
#pragma once
#include <string>

namespace pupil {

/// $PUPIL_CACHE, else $XDG_CACHE_HOME/pupil, else ~/.cache/pupil. Throws InputError when none is
/// set.
std::string cache_folder();

}  // namespace pupil
