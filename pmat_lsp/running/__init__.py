"""Runs programs: with a heap dump of every perl among their processes, in copies of folders."""
