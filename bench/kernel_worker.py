"""What the two Python sides of kernels.mjs share: the protocol.

Each line on standard input is JSON. {"case": ...} makes a case ready: every way that the library has of computing it is
tried, and the fastest is kept. {"repeat": n} runs it n times and answers with the seconds of one. {"end": true} frees it.
"""

import json
import sys
import time


def seconds_of(function, repeat):
    started = time.perf_counter()
    for _ in range(repeat):
        function()
    return (time.perf_counter() - started) / repeat


def fastest(ways):
    """The name and function of the fastest of {name: function}, each warmed and then timed for a moment."""
    tried = {}
    for name, function in ways.items():
        function()
        first = seconds_of(function, 1)
        repeat = max(1, min(50, int(0.01 / first)))
        tried[name] = min(first, *(seconds_of(function, repeat) for _ in range(3)))
    return tried


def serve(versions, ways_of):
    print(json.dumps({"ready": versions}), flush=True)
    function = None
    for line in sys.stdin:
        request = json.loads(line)
        if "case" in request:
            function = None
            ways = ways_of(request["case"])
            tried = fastest(ways)
            way = min(tried, key=tried.get)
            function = ways[way]
            answer = {"way": way, "seconds": tried[way], "tried": tried}
        elif "repeat" in request:
            answer = {"seconds": seconds_of(function, request["repeat"])}
        else:
            function = ways = None
            answer = {}
        print(json.dumps(answer), flush=True)
