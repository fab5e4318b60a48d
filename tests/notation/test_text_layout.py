"""Text for terminals: columns of wide characters, cut lines, aligned cells."""

from autograd.notation.text_layout import align, clip, clip_name, columns


def test_columns_of_a_terminal():
    assert columns("数学x") == 5
    assert clip("数学x", 5) == "数学x"
    assert clip("数学xy", 5) == "数学…"
    assert clip("e\u0301galité", 4) == "e\u0301ga…"
    rows = [["数", "a", "1"], ["x", "bcd", "2"]]
    assert align(lambda room: rows, 20) == ["数  a     1", "x   bcd   2"]
    assert all(columns(line) <= 8 for line in align(lambda room: rows, 8))


def test_the_end_of_a_path_says_most():
    name = "layers.1.neurons.0.w.3"
    assert [clip_name(name, width) for width in (40, 22, 20, 8, 4)] == [
        name,
        name,
        "…1.neurons.0.w.3",
        "…0.w.3",
        "…w.3",
    ]
    assert [clip_name("averylongname", 6), clip_name("averylongname.", 6)] == ["avery…", "avery…"]


def test_columns_in_which_nothing_is_written_take_no_space():
    assert align(lambda budget: [["a", "", "b"], ["cc", "", "d"]], 20, gaps=("  ",)) == ["a   b", "cc  d"]
    assert align(lambda budget: [["", "a"], ["", "b"]], 20, gaps=("  ",)) == ["  a", "  b"]  # an indentation


def test_lines_that_are_too_wide_lose_spaces_before_digits():
    asked = []

    def rows(budget):
        asked.append(budget)
        return [["aaaa", "bbbb", "cccc"]]

    assert align(rows, 16, gaps=("     ",)) == ["aaaa  bbbb  cccc"]
    assert len(asked) == 1
