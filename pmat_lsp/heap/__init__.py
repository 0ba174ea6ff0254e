"""The heap as columns: one row an SV, references in CSR form both ways, strings read from the dump when shown."""
