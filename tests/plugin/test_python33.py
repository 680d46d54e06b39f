"""The app's files are what Python 3.3 takes: the game has no other."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

from ac_gym.resources import plugin_dir

SOURCES = sorted(plugin_dir().rglob("*.py"))
GAME_MODULES = {"ac", "acsys"}
BROUGHT_BY_THE_GAME = {
    "binascii", "collections", "configparser", "hmac", "json", "math", "mmap", "operator", "os", "queue", "re",
    "struct", "sys", "textwrap", "threading", "time", "traceback",
}  # fmt: skip
NOT_BROUGHT = {"socket": {"ego.py", "tcp.py"}, "ctypes": {"joystick.py"}}


def test_vermin_finds_nothing_newer():
    command = [sys.executable, "-c", "import vermin; vermin.main()", "-t=3.3-", "--no-tips", str(plugin_dir())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_syntax(path: Path):
    text = path.read_text(encoding="ascii")  # 3.3 under Windows guesses encodings
    tree = ast.parse(text, feature_version=(3, 3))
    newer = (ast.JoinedStr, ast.AnnAssign, ast.AsyncFunctionDef, ast.Await, ast.NamedExpr, ast.MatMult)
    assert not [node for node in ast.walk(tree) if isinstance(node, newer)]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert not [f.name for f in functions if f.returns or any(a.annotation for a in f.args.args)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            assert sum(isinstance(a, ast.Starred) for a in node.args) <= 1
            assert sum(k.arg is None for k in node.keywords) <= 1
        if isinstance(node, (ast.List, ast.Set)) or (isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load)):
            assert not any(isinstance(element, ast.Starred) for element in node.elts), "unpacking in a display is 3.5"
        if isinstance(node, ast.Dict):
            assert None not in node.keys, "unpacking in a display is 3.5"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_comma_after_starred_arguments_and_no_digits_apart(path: Path):
    tokens = [
        token
        for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
        if token.type not in (tokenize.NL, tokenize.COMMENT, tokenize.NEWLINE)
    ]
    assert not [t.string for t in tokens if t.type == tokenize.NUMBER and "_" in t.string]
    for star, _, comma, after in zip(tokens, tokens[1:], tokens[2:], tokens[3:], strict=False):
        if star.string in ("*", "**") and comma.string == "," and after.string == ")":
            raise AssertionError(f"line {star.start[0]}: a comma after *args is 3.6")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_only_modules_that_the_game_brings(path: Path):
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            imported.add(str(node.module).split(".")[0])
    known = BROUGHT_BY_THE_GAME | {"sensors_par_lib"} | (GAME_MODULES if path.name == "sensors_par.py" else set())
    assert imported - known <= {name for name, files in NOT_BROUGHT.items() if path.name in files}
