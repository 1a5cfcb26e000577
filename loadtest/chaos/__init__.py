"""Many short runs of real nodes, each with one fault, and a checker that decides the promises from their logs.

make chaos                                          # every fault fifteen times
make chaos ARGS="--faults flushall --seed 17 --runs 1"    # replay one run
make chaos ARGS=--planted                           # the checker must catch every planted bug
make chaos ARGS="--soak --minutes 10"               # three nodes, 3,000 readers, random faults
"""
