"""Cures: changes of the source after which a proven leak is gone, offered only where text and heap prove them safe."""
