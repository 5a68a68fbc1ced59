"""Runs a command and writes what it took: python measure.py <result.json> <command> <arguments>...

The figures come from wait4, so they hold for the command and all that it waited for: wall and processor seconds, and
the largest resident set of any one process. Node can ask for these of itself only.
"""

import json
import os
import subprocess
import sys
import time

# Darwin counts bytes, Linux kilobytes.
BYTES_PER_UNIT = 1 if sys.platform == "darwin" else 1024

result_path, *command = sys.argv[1:]
started = time.perf_counter()
process = subprocess.Popen(command)
_, status, usage = os.wait4(process.pid, 0)
wall = time.perf_counter() - started
with open(result_path, "w") as result:
    json.dump(
        {
            "exitCode": os.waitstatus_to_exitcode(status),
            "wallSeconds": wall,
            "cpuSeconds": usage.ru_utime + usage.ru_stime,
            "peakBytes": usage.ru_maxrss * BYTES_PER_UNIT,
        },
        result,
    )
