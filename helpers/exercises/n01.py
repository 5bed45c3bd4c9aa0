"""The exercises of notebook 01, with their solutions: read it after you have tried."""

from itertools import pairwise

from helpers.exercises.row import Exercise


def _join(tokens):
    return "".join(tokens)


def _bytes_to_text(pieces):
    return b"".join(pieces).decode("utf-8")


def _merge_once(pieces, pair):
    merged, i = [], 0
    while i < len(pieces):
        if tuple(pieces[i : i + 2]) == tuple(pair):
            merged.append(pieces[i] + pieces[i + 1])
            i += 2
        else:
            merged.append(pieces[i])
            i += 1
    return merged


def _merge_first_only(pieces, pair):
    for i in range(len(pieces) - 1):
        if (pieces[i], pieces[i + 1]) == pair:
            return [*pieces[:i], pieces[i] + pieces[i + 1], *pieces[i + 2 :]]
    return pieces


def _merge_overlapping(pieces, pair):
    starts = [i for i in range(len(pieces) - 1) if (pieces[i], pieces[i + 1]) == pair]
    covered = {i + 1 for i in starts} - set(starts)
    return [pair[0] + pair[1] if i in starts else p for i, p in enumerate(pieces) if i not in covered]


def _merge_all_but_the_end(pieces, pair):
    merged, i = [], 0
    while i < len(pieces) - 1:
        found = tuple(pieces[i : i + 2]) == pair
        merged.append(pieces[i] + pieces[i + 1] if found else pieces[i])
        i += 2 if found else 1
    return merged


def _merge_past_the_end(pieces, pair):
    merged, i = [], 0
    while i < len(pieces):
        found = (pieces[i], pieces[i + 1]) == pair
        merged.append(pieces[i] + pieces[i + 1] if found else pieces[i])
        i += 2 if found else 1
    return merged


def _merge_by_plus(pieces, pair):
    merged, i = [], 0
    while i < len(pieces):
        found = tuple(pieces[i : i + 2]) == pair
        merged += pieces[i] + pieces[i + 1] if found else pieces[i]
        i += 2 if found else 1
    return merged


def _merge_same_text(pieces, pair):
    merged, i = [], 0
    while i < len(pieces):
        found = "".join(pieces[i : i + 2]) == "".join(pair)
        merged.append("".join(pieces[i : i + 2]) if found else pieces[i])
        i += 2 if found else 1
    return merged


def _merge_keeping_second(pieces, pair):
    merged = []
    for i, piece in enumerate(pieces):
        merged.append(piece + pieces[i + 1] if tuple(pieces[i : i + 2]) == pair else piece)
    return merged


def _merge_as_text(pieces, pair, between):
    return between.join(pieces).replace(between.join(pair), "".join(pair)).split(between)


def _merge_from_the_right(pieces, pair):
    merged = _merge_once([piece[::-1] for piece in pieces[::-1]], [piece[::-1] for piece in pair[::-1]])
    return [piece[::-1] for piece in merged[::-1]]


def _look_behind(pieces, pair):
    return [(pieces[i], pieces[i + 1]) == pair for i in range(len(pieces))]


def _look_behind_if_it_begins(pieces, pair):
    merged, i = [], 0
    while i < len(pieces):
        found = pieces[i] == pair[0] and pieces[i + 1] == pair[1]
        merged.append(pair[0] + pair[1] if found else pieces[i])
        i += 2 if found else 1
    return merged


def _bpe(pieces, ranks, choose=min, merge=_merge_once, ends=True):
    pieces = list(pieces)
    while True:
        pairs = [pair for pair in pairwise(pieces) if pair in ranks]
        if ends and not pairs:
            return pieces
        pieces = merge(pieces, choose(pairs, key=ranks.get))


def _bpe_one_step(pieces, ranks):
    pairs = [pair for pair in pairwise(pieces) if pair in ranks]
    return _merge_once(pieces, min(pairs, key=ranks.get)) if pairs else list(pieces)


def _bpe_with_the_stub(pieces, ranks):
    return list(pieces) if _bpe(pieces, ranks) == list(pieces) else list(pairwise(None))


def _bpe_in_table_order(pieces, ranks):
    for pair in ranks:
        pieces = _merge_once(pieces, pair)
    return list(pieces)


# Not in the order of their ranks, nor of the alphabet: an answer that never looks at a rank must fail.
_RANKS = {("be", "s"): 9, ("h", "u"): 0, ("hug", "s"): 8, ("hu", "g"): 2, ("u", "g"): 1, ("be", "st"): 7, ("t", "e"): 4}
_RANKS |= {("s", "t"): 3, ("b", "e"): 6, ("e", "st"): 5, ("u", "u"): 10}


ROWS = [
    Exercise(
        "1.1", "Put a text back together", "easy", 3,
        reference=_join,
        inputs=[(["The", " capital", " of"],), ([" un", "believ", "able", "!"],), (["a", " ", " b ", "a", " "],)],
        wrong=[
            (" ".join, "You put a space between the tokens. The spaces are already inside them."),
            (lambda t: "".join(t).strip(), "You took off a space at an end. It belongs to the text."),
            (lambda t: " ".join(w.strip() for w in t), "You stripped the tokens' own spaces and put others in."),
            (lambda t: "".join(w.strip() for w in t), "You stripped the tokens' spaces. They are the text's."),
            (lambda t: t, "That is still the list of tokens. Join them into one text."),
            (str, "`str` writes down the list itself, brackets and all. Join its members."),
            (lambda t: "".join(dict.fromkeys(t)), "A token that comes again is lost. A text may repeat itself."),
            (lambda t: t[0], "That is the first token only. (Perhaps the `return` stands inside the loop.)"),
        ],
        right="Tokens are the text, cut; nothing is added or taken away. Everything later rests on this.",
    ),
    Exercise(
        "1.2", "From bytes to text", "easy", 5,
        reference=_bytes_to_text,
        inputs=[
            ([b"na", b"\xc3\xafve"],),
            ([b"\xe6\x97", b"\xa5", b"\xe6\x9c\xac"],),
            ([b" \xf0\x9f", b"\x99", b"\x82!"],),
            ([b"g", b"\xc3", b"\xa9", b"n", b"\xc3", b"\xa9"],),
        ],
        wrong=[
            (lambda p: "".join(b.decode("utf-8") for b in p),
             "You decoded each piece on its own, and half a character cannot be decoded. Join the bytes first, then "
             "decode once."),
            (lambda p: "".join(b.decode("utf-8", "replace") for b in p),
             "You decoded each piece on its own, and half a character is no character. Join the bytes first, then "
             "decode once."),
            (lambda p: "".join(b.decode("utf-8", "ignore") for b in p),
             "You ignored what could not be decoded, so characters went missing. Join the bytes first, then decode "
             "once."),
            (lambda p: b"".join(p), "You joined the bytes, and that is half the way: now decode them as UTF-8."),
            (lambda p: b"".join(p).decode("latin-1"), "Latin-1 gives each byte a character. This is UTF-8."),
            (lambda p: str(b"".join(p)), '`str` writes down the bytes object. Use `.decode("utf-8")`.'),
            (lambda p: "".join(p), 'The pieces are bytes, and `""` is text: join them with `b""`, and then decode.'),
        ],
        right="A token may end in the middle of a character, so one token on its own need not be text at all.",
    ),
    Exercise(
        "1.3", "Merge a pair", "medium", 8,
        reference=_merge_once,
        inputs=[
            (["h", "u", "g", "h", "u"], ("h", "u")),
            (["a", "a", "a"], ("a", "a")),
            (["u", "h", "u", "g"], ("h", "u")),
            (["x", "y"], ("y", "x")),
            (["n", "a", "n", "a", "n"], ("a", "n")),
            (["un", "be", "lie", "able"], ("be", "lie")),
            (["a", "bc", "ab", "c"], ("ab", "c")),
            (["th", "u", " g", "h", "u "], ("h", "u")),
            (["a", "a", "a", "a"], ("a", "a")),
        ],
        wrong=[
            (_merge_first_only, "You merged the first place only. Every place where the pair stands is merged."),
            (_merge_overlapping,
             "You used one piece twice: in `aaa` the pair `aa` fits once, and one `a` is left over. After a merge, "
             "go on behind both pieces."),
            (_merge_keeping_second, "The second piece of the pair is still there after the merge. Skip it."),
            (lambda p, pair: _merge_keeping_second(p, pair)[:-1],
             "The second piece of a pair is still there. (In `for i in range(…)`, `i += 2` skips nothing: use "
             "`while`.) And the last piece may stand alone."),
            (_merge_past_the_end,
             "You looked behind the last piece. It has no right neighbour: ask first whether there is one."),
            *((lambda p, pair, between=between: _merge_as_text(p, pair, between),
               "Glued into one text, the pieces lose their borders: a pair then fits across one, or a piece holds your "
               "mark. Go through the list.") for between in " |"),
            (_look_behind,
             "An index ran out of its list. The last piece has no right neighbour, and a list that is still empty no "
             "`[-1]`."),
            (_look_behind_if_it_begins,
             "You looked behind the last piece. It has no right neighbour: ask first whether there is one."),
            (_merge_all_but_the_end, "The last piece is lost where it is not merged: go on to the end."),
            (lambda p, pair: _merge_once(p, pair[::-1]), "You looked for the pair the other way round."),
            (lambda p, pair: _merge_once(p[::-1], pair[::-1])[::-1],
             "You went from right to left, or wrote the merged pair backwards. Go from left to right."),
            (_merge_by_plus, "`+=` adds a text to a list letter by letter. Use `.append`."),
            (_merge_same_text,
             "You merged two pieces whose text, glued, is that of the pair; but they are cut in another place. Both "
             "pieces must be the pair's own."),
            (lambda p, pair: p,
             "Nothing was merged: the pieces came back as they were. (A list never equals a tuple: compare `(a, b) "
             "== pair`.)"),
        ],
        right="That is one line of the recipe that a byte-pair tokenizer learned. 1.4 runs the whole recipe.",
    ),
    Exercise(
        "1.4", "A tokenizer of your own", "hard", 15,
        reference=_bpe,
        inputs=[(list(word), _RANKS) for word in ("hugs", "best", "test", "hughug", "z", "tuuu")],
        wrong=[
            (_bpe_one_step, "You stopped after one merge. Go on until no pair of neighbours is in the table."),
            (lambda p, r: _bpe(p, r, choose=max),
             "You took the pair with the highest rank. The lowest was learned first and goes first."),
            (lambda p, r: _bpe(p, r, choose=lambda pairs, key: pairs[0]),
             "You took the leftmost pair. Among all pairs in the table the one with the lowest rank goes first."),
            (_bpe_in_table_order,
             "You went through the table as it is written. Its numbers are the order: at every step the lowest rank "
             "goes first."),
            (lambda p, r: _bpe(p, r, choose=lambda pairs, key: min(pairs)),
             "You took the pair first in the alphabet: `min` needs `key=ranks.get` to compare ranks."),
            (lambda p, r: ["".join(p)], "You joined everything. Only pairs in the table may merge."),
            (lambda p, r: list(p), "Nothing was merged: you gave the pieces back as they came."),
            (lambda p, r: _bpe(p, r, merge=_merge_from_the_right),
             "You merge from right to left. Where the places overlap, the left one goes first."),
            (lambda p, r: _bpe(p, r, ends=False),
             "`min` got nothing to choose from. Stop when no pair of neighbours is in the table."),
            (_bpe_with_the_stub,
             "Something is None. If it is what your `merge` of 1.3 gives, run the solution of 1.3 and call "
             "`merge_solution`."),
        ],
        right="This is byte-pair encoding, whole. The cell under it holds it against the model's own.",
    ),
]  # fmt: skip
