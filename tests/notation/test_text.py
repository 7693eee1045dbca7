import unicodedata
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abcrnn.notation import decode_text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        # The mnemonics of the standard, section 10.2.
        (r"\`A\`e\'A\'e\'y\^E\^i\~N\~o\"U\"y", "ÀèÁéýÊîÑõÜÿ"),
        (r"\cC\cc\AA\aa\/O\/o\uA\ue\vS\vz\HO\Hu", "ÇçÅåØøĂĕŠžŐű"),
        (r"\ss\AE\ae\OE\oe\DH\dh\TH\th", "ßÆæŒœÐðÞþ"),
        (r"{\ss", "{ß"),
        (r"L\^it\`i\^e Bourr\'ee", "Lîtìê Bourrée"),
        # TeX.
        (r"Bj{\o}rn \o l\O {\ss} {\ae}", "Bjørn ø lØ ß æ"),
        (
            r"{\'e}t\'{e} {\'{e}} \c{c} \v{s} \H{o} \k{a} \r{u} \'{\i} \'\i \i",
            "été é ç š ő ą ů í í \u0131",
        ),
        (r"Fran\c{c}ois, Fran{\cc}ois", "François, François"),
        # HTML entities.
        ("&eacute;&#233;&#xe9;&#XE9;&Eacute;", "éééé" + "É"),
        ("Fish &amp; Chips &copy; &flat; &lt;b&gt; &quot;x&quot;", 'Fish & Chips © ♭ <b> "x"'),
        # Code points.
        (r"\u00e9\u00E9\u266d\U0001F3B5\ud83c\udfb5", "éé♭🎵🎵"),
        (r"Z\374rich", "Zürich"),
        # Literal characters.
        (r"50\% \\ \& \\'e", r"50% \ & \'e"),
        ("&amp;eacute; \\\\u00e9", "&eacute; \\u00e9"),
        # Normalization.
        ("Bourre\u0301e", "Bourrée"),
        ("e\\u0301", "é"),
    ],
)
def test_encoded_text(written, shown):
    assert decode_text(written) == shown


@pytest.mark.parametrize(
    "text",
    [
        "", "The Kesh", "AT&T; R&B", "& & &; &eacute &#; &#x;", "&notanentity;", r"C:\mus\king",
        "\\", r"\q \'q \'", r"\u12 \U0001", r"\U7fffffff", "&#1114112;", r"\ud83c alone",
        "{braces}", r"\k \b \d \r", r"~Mary^ 'n' \"Joe\""[:8],
    ],
)  # fmt: skip
def test_other_text_is_not_changed(text):
    assert decode_text(text) == text


@pytest.mark.parametrize(
    "text", ["a&#10;b", "a&NewLine;b", r"a\u000ab", "&#0;", r"\u2028", "&#13;"]
)
def test_no_line_end_or_control_character_is_decoded(text):
    decoded = decode_text(text)
    assert all(unicodedata.category(c) not in ("Cc", "Zl", "Zp") for c in decoded)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.text("\\&;#x{}'\"uUe09cdioé\n", max_size=40))
def test_any_text_is_decoded(text):
    decoded = decode_text(text)
    assert decoded.count("\n") == text.count("\n")
    assert not any(unicodedata.category(c) == "Cs" for c in decoded)


@pytest.mark.parametrize("piece", ["{", "\\", "&", "{\\'", "&a", "\\u"])
def test_decoding_takes_linear_time(piece):
    start = process_time()
    decode_text(piece * 256_000)
    assert process_time() - start < 5  # about 0.2; quadratic time would be many minutes
