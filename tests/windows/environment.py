"""Everything that the Windows tests need, made under build/windows: compilers and Wine from Debian, a Windows CPython
with its packages, the core built with mingw-w64, and the package as a wheel lays it out.

Each part is made again only when what it is made from has changed; a set-up that was killed goes on where it was.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from wine import Wine, environment, windows_path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build" / "windows"
DEBIAN = ("wine", "wine64", "gcc-mingw-w64-x86-64-posix", "g++-mingw-w64-x86-64-posix", "xvfb")  # that brings OpenGL
GCC = "x86_64-w64-mingw32-gcc-posix"
PROGRAMS = ("wine", "wineserver", GCC, "x86_64-w64-mingw32-g++-posix", "Xvfb")

PYTHON = BUILD / "python"
VJOY = BUILD / "vjoy"
"""AC_GYM_TEST_VJOY: folder for PYTHONPATH in which pyvjoy finds a vJoy that only writes down what arrives"""
CSP = BUILD / "csp"
"""AC_GYM_TEST_CSP: the programs of tests/capture/csp and the DLL that makes up shared handles"""
CACHE = BUILD / "cache"
"""AC_GYM_CACHE of both systems: what one has built the other reads"""
CSP_SOURCES, HEADERS = ROOT / "tests" / "capture" / "csp", ROOT / "native" / "grab"
WHEELS, TOOLS, CORE, SITE, PREFIX = (BUILD / name for name in ("wheels", "tools", "core", "site", "prefix"))
GRABBER = CORE / "native" / "grab" / "libac_grab.a"


class UnavailableError(Exception):
    """What the tests need cannot be had on this machine."""


def prepare() -> Wine:
    """Makes what is missing and gives the Windows session to open; UnavailableError where that cannot be."""
    if sys.version_info[:2] != (3, 11):
        raise UnavailableError(f"the standard library of Python 3.11 is needed, this is {sys.version.split()[0]}")
    BUILD.mkdir(parents=True, exist_ok=True)
    with _alone():
        _debian_packages()
        _made(WHEELS, _wheels, HERE / "requirements.txt")
        _made(PYTHON, _python, sys.version, *sorted(HERE.glob("native/*")), HERE / "requirements.txt")
        _made(TOOLS, _tools, ROOT / "constraints.txt")
        _made(VJOY, _vjoy, HERE / "native" / "vjoy_interface.c", HERE / "requirements.txt")
        _made(PREFIX, _prefix, _output("wine", "--version"))
        _core()
        _made(CSP, _csp, GRABBER, *sorted(CSP_SOURCES.glob("*")), *sorted(HEADERS.glob("*.h")))
        _package()
    variables = {
        "PYTHONPATH": windows_path(SITE),
        "PYTHONPYCACHEPREFIX": windows_path(BUILD / "pycache"),  # beside the sources lies this machine's own
        "AC_GYM_CACHE": windows_path(CACHE),
        "AC_GYM_TEST_VJOY": windows_path(VJOY),
        "AC_GYM_TEST_CSP": windows_path(CSP),
    }
    return Wine(PREFIX, PYTHON / "python.exe", variables)


@contextmanager
def _alone() -> Iterator[None]:
    """Two set-ups at once wait for each other."""
    with open(BUILD / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _made(folder: Path, recipe: Callable[[Path], None], *inputs: str | Path) -> None:
    """Runs the recipe unless the folder holds what it made from these inputs: their digest is written last."""
    digest = hashlib.sha256()
    for given in inputs:
        digest.update(given.read_bytes() if isinstance(given, Path) else given.encode())
    stamp = folder / ".made-from"
    if stamp.is_file() and stamp.read_text() == digest.hexdigest():
        return
    print(f"making {folder.relative_to(ROOT)} ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    recipe(folder)
    stamp.write_text(digest.hexdigest())


def _debian_packages() -> None:
    if all(shutil.which(program) for program in PROGRAMS):
        return
    wanted = f"Debian's packages {' '.join(DEBIAN)}"
    if not shutil.which("apt-get"):
        raise UnavailableError(f"{wanted} are needed, and this is no Debian")
    if os.geteuid() != 0:
        raise UnavailableError(f"{wanted} are missing, and only root can install them")
    print(f"installing {wanted} ...", flush=True)
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *DEBIAN]):
        with _downloading(wanted):
            _run("apt-get", "-qq", *command, DEBIAN_FRONTEND="noninteractive")


def _python(folder: Path) -> None:
    """CPython 3.11 for Windows: its libraries from panda3d's wheel, its pure-Python modules from this interpreter."""
    shutil.copytree(sysconfig.get_path("stdlib"), folder / "Lib", ignore=_not_for_windows)
    _up_to_date(folder / "Lib" / "importlib" / "metadata" / "__init__.py")
    for wheel in WHEELS.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            if not wheel.name.startswith("panda3d-"):
                archive.extractall(folder / "Lib" / "site-packages")
                continue
            for name in archive.namelist():
                library = name.removeprefix("deploy_libs/")
                if library != name and not library.startswith("api-ms-win-"):  # Wine has its own of these
                    (folder / library).write_bytes(archive.read(name))
    headers = folder / "include"
    shutil.copytree(sysconfig.get_path("include"), headers)
    shutil.copy2(HERE / "native" / "pyconfig.h", headers)
    dll = folder / "python311.dll"
    _gcc("-municode", f"-I{headers}", HERE / "native" / "launcher.c", dll, "-o", folder / "python.exe")
    _gcc("-shared", HERE / "native" / "process_prng.c", "-ladvapi32", "-o", folder / "bcryptprimitives.dll")
    _gcc("-shared", "-nostartfiles", _stable_names(dll, BUILD / "python3.def"), "-o", folder / "python3.dll")


def _wheels(folder: Path) -> None:
    """The Windows packages, checked against their digests."""
    with _downloading("the Windows packages in tests/windows/requirements.txt"):
        _pip(
            "download", "--require-hashes", "--no-deps", "--only-binary=:all:", "--platform=win_amd64",
            "--python-version=3.11", f"--requirement={HERE / 'requirements.txt'}", f"--dest={folder}",
        )  # fmt: skip


def _not_for_windows(folder: str, names: list[str]) -> set[str]:
    """What stays behind of the standard library: modules of this machine, tests, and windows on a screen."""
    left = ("lib-dynload", "site-packages", "dist-packages", "test", "tests", "__pycache__", "idlelib", "tkinter")
    return {name for name in names if name in left or name.startswith("config-")}


def _up_to_date(finder: Path) -> None:
    """The DLL is 3.11.9, which calls one method of the path finder in another way than older libraries have it."""
    source = finder.read_text(encoding="utf-8")
    older = "\n\n    def invalidate_caches(cls):"
    finder.write_text(source.replace(older, older.replace("def", "@classmethod\n    def")), encoding="utf-8")


def _stable_names(dll: Path, definitions: Path) -> Path:
    """Definitions of python3.dll, which sends the names of the stable interface on to the DLL of this version."""
    headers = _output("x86_64-w64-mingw32-objdump", "--private-headers", str(dll))
    names = re.findall(r"^\s*\[.*\s(_?Py\w+)$", headers.split("[Ordinal/Name Pointer] Table")[1], re.MULTILINE)
    exports = [f"{name} = {dll.stem}.{name}" for name in names]
    definitions.write_text("\n".join(["LIBRARY python3.dll", "EXPORTS", *exports]) + "\n")
    return definitions


def _tools(folder: Path) -> None:
    with _downloading("cmake, ninja and nanobind"):
        _pip("install", f"--target={folder}", f"--constraint={ROOT / 'constraints.txt'}", "cmake", "ninja", "nanobind")


def _vjoy(folder: Path) -> None:
    shutil.copytree(PYTHON / "Lib" / "site-packages" / "pyvjoy", folder / "pyvjoy")
    dll = folder / "pyvjoy" / "utils" / "x64" / "vJoyInterface.dll"
    _gcc("-shared", HERE / "native" / "vjoy_interface.c", "-o", dll)


def _csp(folder: Path) -> None:
    for program, *sources in (
        ("fake_sharing.dll", "fake_sharing.c", "share.c"),
        ("game.exe", "producer_main.c", "producer.c", "share.c"),
        ("csp_test.exe", "csp_test.c", "producer.c", "share.c", "fake_sharing.c"),
    ):
        kind = ["-shared"] if program.endswith(".dll") else []
        paths = [CSP_SOURCES / source for source in sources]
        options = ["-std=gnu11", f"-I{HEADERS}", *kind, *paths, GRABBER, "-static", "-ld3d11", "-o", folder / program]
        _gcc(*options)


def _prefix(folder: Path) -> None:
    (BUILD / "home").mkdir(exist_ok=True)
    variables = environment(folder)
    for command in (["wine", "wineboot", "--init"], ["wineserver", "--wait"]):
        subprocess.run(command, env=variables, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=300)  # fmt: skip


def _core() -> None:
    """The extension module by the project's own CMakeLists.txt."""
    _cmake(
        "-S", str(ROOT), "-B", str(CORE), "-G", "Ninja", "--log-level=WARNING",
        f"-DCMAKE_MAKE_PROGRAM={TOOLS / 'bin' / 'ninja'}", f"-DCMAKE_TOOLCHAIN_FILE={HERE / 'mingw.cmake'}",
        f"-DPython_EXECUTABLE={sys.executable}", f"-DPython_INCLUDE_DIR={PYTHON / 'include'}",
        f"-DPython_LIBRARY={PYTHON / 'python311.dll'}",
    )  # fmt: skip
    _cmake("--build", str(CORE))


def _package() -> None:
    """The package and its data as a wheel would lay them out."""
    shutil.rmtree(SITE, ignore_errors=True)
    shutil.copytree(ROOT / "ac_gym", SITE / "ac_gym", ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyi"))
    _cmake("--install", str(CORE), "--prefix", str(SITE))


@contextmanager
def _downloading(what: str) -> Iterator[None]:
    try:
        yield
    except subprocess.CalledProcessError as error:
        raise UnavailableError(f"{what} cannot be had (see above)") from error


def _pip(*arguments: str) -> None:
    _run(sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--retries=2", *arguments)


def _cmake(*arguments: str) -> None:
    _run("nice", "-n", "10", str(TOOLS / "bin" / "cmake"), *arguments, PYTHONPATH=str(TOOLS))


def _gcc(*arguments: str | Path) -> None:
    _run(GCC, "-O2", "-Wall", "-Wextra", "-Werror", *map(str, arguments))


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _run(*command: str, **variables: str) -> None:
    """Runs quietly; what a program that fails has said is shown."""
    try:
        subprocess.run(
            command, check=True, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=os.environ | variables,
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        print(error.stdout, flush=True)
        raise
