"""How does a model's tokenizer write its tokens? The tokenizer itself is the tokenizers library's."""


def put_before(tokenizer):
    """The IDs that the tokenizer, left to itself, puts before a text: a list, for many models an empty one."""
    for text in "aA1.":  # the first that the vocabulary has
        bare, full = (tokenizer.encode(text, add_special_tokens=special).ids for special in (False, True))
        if bare:
            return full[: next((n for n in range(len(full)) if full[n : n + len(bare)] == bare), 0)]
    return []


def token_texts(tokenizer, n):
    """The texts of tokens 0 to n − 1. A byte that is no text on its own shows as <0xE2>, a row without a token too."""
    special = tokenizer.get_added_tokens_decoder()
    to_bytes = _byte_alphabet() if "ByteLevel" in repr(tokenizer.decoder) else {}

    def text(i):
        piece = tokenizer.id_to_token(i)
        if piece is None:
            return f"<no token {i}>"  # a padding row
        if i in special:
            return special[i].content
        if to_bytes.keys() >= set(piece):
            return _shown(bytes(to_bytes[character] for character in piece))
        return piece.replace("▁", " ")

    return [text(i) for i in range(n)]


def _byte_alphabet():
    """The character that stands for each byte in a byte-level tokenizer (Radford et al. 2019), reversed."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {chr(byte): byte for byte in shown} | {chr(256 + n): byte for n, byte in enumerate(hidden)}


def _shown(raw):
    # Bytes that are no UTF-8 come out as the characters U+DC80 to U+DCFF, which no real text contains.
    text = raw.decode("utf-8", errors="surrogateescape")
    return "".join(f"<0x{ord(c) - 0xDC00:02X}>" if 0xDC80 <= ord(c) <= 0xDCFF else c for c in text)
