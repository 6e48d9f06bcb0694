"""Measurements of the server under load, beside what a user would take instead. ``python -m benchmarks --help``.

::

    __main__.py   the command line; every measurement is a command
    command.py    what all commands share: run, bound in time, show, save, draw
    corpus.py     the pages that are sent
    callers.py    clients of a server as a stranger would write them, over both wires
    load.py       closed and open loop
    summary.py    outcomes of requests and what they come to
    usage.py      memory and CPU time of a tree of processes
    serving.py    servers started for a measurement and always ended
    peers.py      other people's servers, each in an environment of its own
    loops.py      bare engine loops, each in a process of its own
    bare/         handlers with nothing around them, for the overhead
    results.py    what a measurement gives, as a line of results.jsonl
    report.py     results.jsonl as RESULTS.md, with plots.py and tables.py

    speed.py overhead.py overload.py soak.py chaos.py fairness.py hostile.py    the measurements
    accuracy.py key_values_runtimes.py key_values_vs_ocr.py retraining.py       further ones, each on its own
"""
