"""How a Python side answers: the counterpart of worker.mjs, and of sides.mjs, which asks.

It prints {"ready": versions} once. Then each line on standard input is JSON, and is answered by a line: {"case": ...} makes a
case ready: every way that the library has of computing it is tried, and the fastest is kept. {"repeat": n, "warm": w}
runs it w times and then n times, and answers with the seconds of one of these. {"end": true} frees it.
"""

import json
import sys
import time

TRIES = 4


def seconds_of(function, repeat):
    started = time.perf_counter()
    for _ in range(repeat):
        function()
    return (time.perf_counter() - started) / max(repeat, 1)


def best_seconds(function, tries):
    """Warmed by a call, then tried for a moment."""
    function()
    first = seconds_of(function, 1)
    repeat = max(1, min(50, int(0.01 / max(first, 1e-9))))
    return min([first, *(seconds_of(function, repeat) for _ in range(tries - 1))])


def serve(versions, ways_of):
    """`ways_of` gives functions by name for a case."""
    print(json.dumps({"ready": versions}), flush=True)
    function = None
    for line in sys.stdin:
        request = json.loads(line)
        if "case" in request:
            function = None
            ways = ways_of(request["case"])
            tries = TRIES if len(ways) > 1 else 1  # one way needs no choice
            tried = {name: best_seconds(way, tries) for name, way in ways.items()}
            way = min(tried, key=tried.get)
            function = ways[way]
            answer = {"way": way, "seconds": tried[way], "tried": tried}
        elif "repeat" in request:
            seconds_of(function, request["warm"])
            answer = {"seconds": seconds_of(function, request["repeat"])}
        else:
            function = ways = None
            answer = {}
        print(json.dumps(answer), flush=True)
