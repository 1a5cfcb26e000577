"""What Stoppress promises for a big night, played with `stoppress swarm`: a lost network, a rolling restart.

make proof ARGS="storm --readers 10000"
make proof ARGS="rolling --readers 5000"
"""
