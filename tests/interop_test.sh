#!/bin/bash
# Pupil beside transformers, PEFT and TRL, where PUPIL_INTEROP_PYTHON names a Python that has them
# (tests/interop/README.md); skipped otherwise.
exec "$(dirname "${BASH_SOURCE[0]}")/interop/run.sh"
