"""Proofs of the promises for a big night, played with `stoppress swarm`: a lost network, a crowd, a rolling restart.

make proof ARGS="storm --readers 10000"
make proof ARGS="overload --readers 2000"
make proof ARGS="rolling --readers 5000"
make proof ARGS="many-blogs --blogs 5000"
make proof ARGS="writing --times 50"
make proof ARGS="editors --seconds 60"
make proof ARGS="takedown --store sqlite --store redis"
"""
