"""Write the C++ header with the column number of every telemetry channel, from ac_gym/channels.py (the one table).

Usage: python native/generate_channels.py ac_gym/channels.py OUTPUT.h
"""

import runpy
import sys
from pathlib import Path


def header(columns, width):
    lines = [f"constexpr int {name} = {columns[name].start};" for name in columns]
    body = "\n".join(lines)
    return (
        "// Generated from ac_gym/channels.py: columns of a telemetry frame.\n#pragma once\n\n"
        f"namespace ac::channel {{\n{body}\nconstexpr int width = {width};\n}}  // namespace ac::channel\n"
    )


if __name__ == "__main__":
    table = runpy.run_path(sys.argv[1], run_name="ac_gym.channels")
    Path(sys.argv[2]).write_text(header(table["COLUMNS"], table["WIDTH"]))
