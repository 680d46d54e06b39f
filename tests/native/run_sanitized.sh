#!/bin/sh
# Build the core with address and undefined-behaviour sanitizers in an environment of its own and run the native, physics and
# world tests, the hostile callers and the long random drive under them.
#   tests/native/run_sanitized.sh [PYTHON] [pytest arguments]
# PYTHON (default: python) is an interpreter whose environment has the build tools and the test tools.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
python=$(command -v "${1:-python}")
[ $# -gt 0 ] && shift
work=${AC_SANITIZE_DIR:-${TMPDIR:-/tmp}/ac_gym_sanitized}
mkdir -p "$work"

# A small environment that sees the packages of the first but not its installed core.
"$python" -m venv --without-pip "$work/venv"
site=$("$work/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
"$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > "$site/parent.pth"
"$work/venv/bin/python" -m pip install --quiet --no-build-isolation --no-deps --force-reinstall \
    -Cbuild-dir="$work/build" -Ccmake.define.AC_SANITIZE=ON "$root"

# The interpreter itself is not built with the sanitizers, so their runtime has to be there before it; Python never gives back all
# of its memory at exit, so leaks are not looked for; and it takes exceptions of C++ only with libstdc++ loaded as early.
compiler=${CXX:-g++}
LD_PRELOAD="$("$compiler" -print-file-name=libasan.so) $("$compiler" -print-file-name=libstdc++.so)"
export LD_PRELOAD
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=0:halt_on_error=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
cd "$root"
if [ $# -eq 0 ]; then
    set -- tests/native tests/physics tests/worlds tests/task tests/camera tests/capture/test_convert.py tests/capture/test_shm.py tests/envs/test_pixels.py tests/envs/test_vector.py \
        "tests/envs/test_single.py::test_ten_thousand_hostile_actions" "tests/envs/test_single.py::test_a_start_of_ones_own"
fi
# -P: take the installed package, not the checkout's, which has no core beside it.
exec "$work/venv/bin/python" -P -m pytest -p no:cacheprovider "$@"
