"""Fixes: changes of the source after which a proven leak is gone, and what text and heap say of their safety."""
