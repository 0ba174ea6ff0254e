"""What the bytes of a `.pmat` file mean: header, tables of record layouts, enumerations, checked reading.

The file: header · roots · value stack · heap (a list of SV records and extension records) · contexts · mortals.
Source: `format.txt` of Devel::MAT::Dumper (minor versions 4 to 6) and the behaviour of Devel::MAT 0.51 to 0.56.
"""
