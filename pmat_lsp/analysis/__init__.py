"""One question a file: a heap in, a result out; no input or output, no printing, no LSP."""
