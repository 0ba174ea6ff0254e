"""`make bench`: the reference tool and ours on the same dumps, in turn, in one run."""
