"""The hot loops: arrays in, arrays out, no object, no I/O, no import of ours.

Each file is Cython in pure-Python mode: compiled where a compiler is found, and plain Python with the same answers
where there is none.
"""
