"""What is shown of text out of a dump can be shown everywhere."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pmat_lsp.render.escape import portable


@given(st.text(st.characters(exclude_categories=())))
def test_a_portable_text_is_utf8_and_the_same_where_it_was_before(text: str) -> None:
    sound = portable(text)
    sound.encode("utf-8")
    kept = [character for character in text if not 0xD800 <= ord(character) <= 0xDFFF]
    assert sound == text or len(kept) < len(text)
    assert portable(sound) == sound


@given(st.binary())
def test_a_byte_that_is_no_utf8_is_told_by_its_number(data: bytes) -> None:
    assert portable(data.decode("ascii", "surrogateescape")) == data.decode("ascii", "backslashreplace")


def test_a_lone_surrogate_of_the_dump_itself_is_told_by_its_number() -> None:
    assert portable("a\ud800b") == r"a\x{d800}b"
